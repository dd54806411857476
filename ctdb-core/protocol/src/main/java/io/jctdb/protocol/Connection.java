package io.jctdb.protocol;

/** A TCP connection: the remote client and our end (client-protocol.md 4.4). */
public record Connection(SockAddr source, SockAddr destination) {
  /** Size in bytes. */
  public static final int SIZE = 56;

  public static Connection decode(byte[] bytes) {
    return ByteReader.whole(bytes, Connection::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static Connection read(ByteReader in) {
    SockAddr source = SockAddr.read(in);
    SockAddr destination = SockAddr.read(in);
    return new Connection(source, destination);
  }

  void write(ByteWriter out) {
    source.write(out);
    destination.write(out);
  }
}
