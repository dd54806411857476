package io.jctdb.protocol;

/** GET_DB_SEQNUM: the id with four bytes of padding (client-protocol.md 3.6). */
public record SeqnumRequest(int dbId) {
  /** Size in bytes. */
  public static final int SIZE = 8;

  public static SeqnumRequest decode(byte[] bytes) {
    return ByteReader.whole(bytes, SeqnumRequest::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static SeqnumRequest read(ByteReader in) {
    int dbId = in.u32();
    in.skip(4);
    return new SeqnumRequest(dbId);
  }

  void write(ByteWriter out) {
    out.u32(dbId).zeros(4);
  }
}
