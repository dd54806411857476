package io.jctdb.protocol;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Our own control HOSTABLE_ADDRESSES: a node at a remote site tells a member of the main site which
 * public addresses it could host, and takes no others before it has told again (docs/protocol.md,
 * "Public addresses of remote members"). The answer comes when the list is heeded; -1 if the sender
 * is not known as that life.
 *
 * <pre>
 * pnn u32         the sender
 * padding u32
 * life u64        its incarnation
 * version u64     grows with each list of one life
 * addresses       counted list of addresses
 * </pre>
 */
public record HostableAddresses(int pnn, long life, long version, Set<InetAddress> addresses) {
  public HostableAddresses {
    addresses = Set.copyOf(addresses);
  }

  public static HostableAddresses decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in -> {
          int pnn = in.u32();
          in.u32();
          long life = in.u64();
          long version = in.u64();
          Set<InetAddress> addresses = new HashSet<>();
          in.list(SockAddr.SIZE, SockAddr::read).forEach(one -> addresses.add(one.address()));
          return new HostableAddresses(pnn, life, version, addresses);
        });
  }

  public byte[] encode() {
    List<SockAddr> list = addresses.stream().map(one -> new SockAddr(one, 0)).toList();
    return new ByteWriter(28 + list.size() * SockAddr.SIZE)
        .u32(pnn)
        .u32(0)
        .u64(life)
        .u64(version)
        .list(list, SockAddr::write)
        .toBytes();
  }
}
