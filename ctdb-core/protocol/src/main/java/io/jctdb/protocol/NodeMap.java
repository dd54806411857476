package io.jctdb.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET_NODEMAP and GET_NODES_FILE: all nodes in pnn order, deleted ones included (client-protocol.md
 * 4.2).
 */
public record NodeMap(List<Node> nodes) {
  /** Flags: see {@link NodeFlags}. */
  public record Node(int pnn, int flags, SockAddr address) {
    static final int SIZE = 36;

    public boolean has(int flagMask) {
      return (flags & flagMask) != 0;
    }

    static Node read(ByteReader in) {
      return new Node(in.u32(), in.u32(), SockAddr.read(in));
    }

    void write(ByteWriter out) {
      out.u32(pnn).u32(flags);
      address.write(out);
    }
  }

  public NodeMap {
    nodes = List.copyOf(nodes);
  }

  /** The node with this number, or null. */
  public @Nullable Node node(int pnn) {
    for (Node node : nodes) {
      if (node.pnn() == pnn) {
        return node;
      }
    }
    return null;
  }

  public static NodeMap decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new NodeMap(in.list(Node.SIZE, Node::read)));
  }

  public byte[] encode() {
    return new ByteWriter(4 + nodes.size() * Node.SIZE).list(nodes, Node::write).toBytes();
  }
}
