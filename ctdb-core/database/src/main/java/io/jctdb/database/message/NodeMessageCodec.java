package io.jctdb.database.message;

/** Turns messages between nodes into bytes and back: one byte for the family, then its encoding. */
public final class NodeMessageCodec {
  private NodeMessageCodec() {}

  public static byte[] encode(NodeMessage message) {
    WireWriter out = new WireWriter();
    switch (message) {
      case RecordMessage m -> RecordMessage.encode(m, out.u8(1));
      case EpochMessage m -> EpochMessage.encode(m, out.u8(2));
      case CommitMessage m -> CommitMessage.encode(m, out.u8(3));
      case TraverseMessage m -> TraverseMessage.encode(m, out.u8(4));
      case ClusterMessage m -> ClusterMessage.encode(m, out.u8(5));
      case LeaseMessage m -> LeaseMessage.encode(m, out.u8(6));
      case KeeperMessage m -> KeeperMessage.encode(m, out.u8(7));
    }
    return out.toBytes();
  }

  /**
   * @throws MalformedMessageException if the bytes are not exactly one message
   */
  public static NodeMessage decode(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int family = in.u8();
    NodeMessage message =
        switch (family) {
          case 1 -> RecordMessage.decode(in);
          case 2 -> EpochMessage.decode(in);
          case 3 -> CommitMessage.decode(in);
          case 4 -> TraverseMessage.decode(in);
          case 5 -> ClusterMessage.decode(in);
          case 6 -> LeaseMessage.decode(in);
          case 7 -> KeeperMessage.decode(in);
          default -> throw new MalformedMessageException("message family " + family);
        };
    in.end();
    return message;
  }
}
