package io.jctdb.protocol;

import java.util.Arrays;

/**
 * One record in transit: a traverse message, or an element of a {@link MarshallBuffer}
 * (client-protocol.md 4.6).
 *
 * @param reqid of the traverse; 0 in a marshall buffer
 * @param data record header and value, in every use by clients
 */
@SuppressWarnings("ArrayRecordComponent")
public record RecordData(int reqid, Key key, byte[] data) {
  static final int FIXED_SIZE = 16;
  private static final byte[] NOTHING = {};

  /** The end of a traverse: neither key nor data. */
  public static RecordData end(int reqid) {
    return new RecordData(reqid, new Key(NOTHING), NOTHING);
  }

  public static RecordData of(int reqid, Key key, RecordHeader header, byte[] value) {
    byte[] data = new byte[RecordHeader.SIZE + value.length];
    header.write(data, 0);
    System.arraycopy(value, 0, data, RecordHeader.SIZE, value.length);
    return new RecordData(reqid, key, data);
  }

  public boolean isEnd() {
    return key.length() == 0 && data.length == 0;
  }

  /**
   * The first 24 bytes of the data.
   *
   * @throws MalformedPacketException if there are fewer
   */
  public RecordHeader header() {
    if (data.length < RecordHeader.SIZE) {
      throw new MalformedPacketException("record data of " + data.length + " bytes has no header");
    }
    return RecordHeader.read(data, 0);
  }

  /** What follows the header; empty if nothing does. */
  public byte[] value() {
    return data.length <= RecordHeader.SIZE
        ? NOTHING
        : Arrays.copyOfRange(data, RecordHeader.SIZE, data.length);
  }

  /** Bytes on the wire. */
  public int size() {
    return FIXED_SIZE + key.length() + data.length;
  }

  public static RecordData decode(byte[] bytes) {
    return ByteReader.whole(bytes, RecordData::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(size());
    write(out);
    return out.toBytes();
  }

  static RecordData read(ByteReader in) {
    int length = in.u32();
    int reqid = in.u32();
    int keyLength = in.u32();
    int dataLength = in.u32();
    RecordData read = new RecordData(reqid, new Key(in.bytes(keyLength)), in.bytes(dataLength));
    if (read.size() != length) {
      throw new MalformedPacketException(
          "record says " + Integer.toUnsignedString(length) + " bytes, has " + read.size());
    }
    return read;
  }

  void write(ByteWriter out) {
    out.u32(size()).u32(reqid).u32(key.length()).u32(data.length);
    out.bytes(key.bytes()).bytes(data);
  }
}
