package io.jctdb.protocol;

/**
 * ADD_PUBLIC_IP, DEL_PUBLIC_IP, SEND_GRATUITOUS_ARP (client-protocol.md 4.4).
 *
 * @param mask prefix length
 * @param interfaces comma-separated names, or empty: then nothing at all is sent, not even a NUL
 */
public record AddressInfo(SockAddr address, int mask, String interfaces) {
  public static AddressInfo decode(byte[] bytes) {
    return ByteReader.whole(
        bytes, in -> new AddressInfo(SockAddr.read(in), in.u32(), in.text(in.lengthWithinRest())));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(37 + interfaces.length());
    address.write(out);
    out.u32(mask);
    return (interfaces.isEmpty() ? out.u32(0) : out.countedText(interfaces)).toBytes();
  }
}
