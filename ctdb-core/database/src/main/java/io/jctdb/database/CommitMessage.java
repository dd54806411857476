package io.jctdb.database;

/** Transactions on persistent and replicated databases, and their reconciliation after an epoch change. */
public sealed interface CommitMessage extends NodeMessage {

  /** Placeholder of the family until its first message is written. */
  record Nothing() implements CommitMessage {}

  static void encode(CommitMessage message, WireWriter out) {
    switch (message) {
      case Nothing m -> out.u8(0);
    }
  }

  static CommitMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Nothing();
      default -> throw new MalformedMessageException("message type " + type);
    };
  }
}
