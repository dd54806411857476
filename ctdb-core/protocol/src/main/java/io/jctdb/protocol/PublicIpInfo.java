package io.jctdb.protocol;

import java.util.List;

/**
 * GET_PUBLIC_IP_INFO (client-protocol.md 4.4).
 *
 * @param activeIndex which of the interfaces carries the address here; {@link #NO_INTERFACE} if
 *     none
 */
public record PublicIpInfo(PublicIp address, int activeIndex, List<Interface> interfaces) {
  public static final int NO_INTERFACE = -1;

  public PublicIpInfo {
    interfaces = List.copyOf(interfaces);
  }

  public static PublicIpInfo decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in ->
            new PublicIpInfo(
                PublicIp.read(in), in.u32(), in.list(Interface.SIZE, Interface::read)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(40 + interfaces.size() * Interface.SIZE);
    address.write(out);
    return out.u32(activeIndex).list(interfaces, Interface::write).toBytes();
  }
}
