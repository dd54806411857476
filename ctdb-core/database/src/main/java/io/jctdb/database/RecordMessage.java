package io.jctdb.database;

/** Migration of records of volatile databases: LOCATE, YIELD, GRANT, ACQUIRED, QUERY, PURGE. */
public sealed interface RecordMessage extends NodeMessage {

  /** Placeholder of the family until its first message is written. */
  record Nothing() implements RecordMessage {}

  static void encode(RecordMessage message, WireWriter out) {
    switch (message) {
      case Nothing m -> out.u8(0);
    }
  }

  static RecordMessage decode(WireReader in) {
    int type = in.u8();
    return switch (type) {
      case 0 -> new Nothing();
      default -> throw new MalformedMessageException("message type " + type);
    };
  }
}
