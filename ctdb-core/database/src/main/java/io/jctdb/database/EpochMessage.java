package io.jctdb.database;

/** The change of epoch: PREPARE, PROMISE, COMMIT. */
public sealed interface EpochMessage extends NodeMessage {

  /** Placeholder of the family until its first message is written. */
  record Nothing() implements EpochMessage {}

  static void encode(EpochMessage message, WireWriter out) {
    switch (message) {
      case Nothing m -> out.u8(0);
    }
  }

  static EpochMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Nothing();
      default -> throw new MalformedMessageException("message type " + type);
    };
  }
}
