package io.jctdb.database.message;

/**
 * What daemons say to each other besides records: clients' messages and controls on their way to
 * another node. Not tied to an epoch: they flow between all connected nodes, members or not.
 */
public sealed interface ClusterMessage extends NodeMessage {

  /** A client's message for the clients that registered {@code srvid} on the receiving node. */
  record Datagram(long srvid, byte[] data) implements ClusterMessage {}

  /** A client's tunnel packet (client-protocol.md 2.9). */
  record Tunnel(long tunnelId, int flags, byte[] data) implements ClusterMessage {}

  /**
   * A control to be executed by the receiver.
   *
   * @param id chosen by the sender, comes back in {@link ControlReply}; 0 = no reply wanted
   */
  record Control(long id, int opcode, long srvid, int flags, byte[] data)
      implements ClusterMessage {}

  record ControlReply(long id, int status, byte[] data, String error) implements ClusterMessage {}

  /** Writes the message's type and body. */
  static void encode(ClusterMessage message, WireWriter out) {
    switch (message) {
      case Datagram m -> out.u8(0).i64(m.srvid).bytes(m.data);
      case Control m -> out.u8(1).i64(m.id).i32(m.opcode).i64(m.srvid).i32(m.flags).bytes(m.data);
      case ControlReply m -> out.u8(2).i64(m.id).i32(m.status).bytes(m.data).text(m.error);
      case Tunnel m -> out.u8(3).i64(m.tunnelId).i32(m.flags).bytes(m.data);
    }
  }

  static ClusterMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Datagram(in.i64(), in.bytes());
      case 1 -> new Control(in.i64(), in.i32(), in.i64(), in.i32(), in.bytes());
      case 2 -> new ControlReply(in.i64(), in.i32(), in.bytes(), in.text());
      case 3 -> new Tunnel(in.i64(), in.i32(), in.bytes());
      default -> throw new MalformedMessageException("cluster message type " + type);
    };
  }
}
