package io.jctdb.protocol;

import java.util.List;

/** GET_PUBLIC_IPS (client-protocol.md 4.4). */
public record PublicIpList(List<PublicIp> addresses) {
  public PublicIpList {
    addresses = List.copyOf(addresses);
  }

  public static PublicIpList decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new PublicIpList(in.list(PublicIp.SIZE, PublicIp::read)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(4 + addresses.size() * PublicIp.SIZE);
    return out.list(addresses, PublicIp::write).toBytes();
  }
}
