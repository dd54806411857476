package io.jctdb.protocol;

import java.util.List;

/** GET_IFACES (client-protocol.md 4.4). */
public record InterfaceList(List<Interface> interfaces) {
  public InterfaceList {
    interfaces = List.copyOf(interfaces);
  }

  public static InterfaceList decode(byte[] bytes) {
    return ByteReader.whole(
        bytes, in -> new InterfaceList(in.list(Interface.SIZE, Interface::read)));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(4 + interfaces.size() * Interface.SIZE);
    return out.list(interfaces, Interface::write).toBytes();
  }
}
