package io.jctdb.protocol;

import java.util.List;

/** The TCP connections to one public address (client-protocol.md 4.4). */
public record TickleList(SockAddr address, List<Connection> connections) {
  public TickleList {
    connections = List.copyOf(connections);
  }

  public static TickleList decode(byte[] bytes) {
    return ByteReader.whole(
        bytes, in -> new TickleList(SockAddr.read(in), in.list(Connection.SIZE, Connection::read)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(32 + connections.size() * Connection.SIZE);
    address.write(out);
    return out.list(connections, Connection::write).toBytes();
  }
}
