package io.jctdb.database;

/** Cluster-wide traverses. */
public sealed interface TraverseMessage extends NodeMessage {

  /** Placeholder of the family until its first message is written. */
  record Nothing() implements TraverseMessage {}

  static void encode(TraverseMessage message, WireWriter out) {
    switch (message) {
      case Nothing m -> out.u8(0);
    }
  }

  static TraverseMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Nothing();
      default -> throw new MalformedMessageException("message type " + type);
    };
  }
}
