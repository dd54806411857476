package io.jctdb.protocol;

import java.util.List;

/**
 * Our own control ADDRESS_STORY, request: the address as {@link SockAddr}; what one node can tell
 * of a public address.
 *
 * <pre>
 * flags u32 (1 known, 2 here, 4 the node is the leader)
 * obstacle: counted text
 * count u32, then for each: time u64 (ms since 1970), from the leader u32 (0 or 1), counted text
 * </pre>
 *
 * @param obstacle why this node cannot host the address now; empty if it can
 * @param events the oldest first
 */
public record AddressStory(
    boolean known, boolean here, boolean leader, String obstacle, List<Event> events) {
  private static final int KNOWN = 1;
  private static final int HERE = 2;
  private static final int LEADER = 4;
  private static final int EVENT_SIZE_MIN = 17;

  /**
   * Something that happened.
   *
   * @param byLeader a decision of the leader; otherwise what this node did
   */
  public record Event(long epochMillis, boolean byLeader, String text) {
    private static Event read(ByteReader in) {
      return new Event(in.u64(), in.u32() != 0, in.text(in.lengthWithinRest()));
    }

    private void write(ByteWriter out) {
      out.u64(epochMillis).u32(byLeader ? 1 : 0).countedText(text);
    }
  }

  public AddressStory {
    events = List.copyOf(events);
  }

  public static AddressStory decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in -> {
          int flags = in.u32();
          return new AddressStory(
              (flags & KNOWN) != 0,
              (flags & HERE) != 0,
              (flags & LEADER) != 0,
              in.text(in.lengthWithinRest()),
              in.list(EVENT_SIZE_MIN, Event::read));
        });
  }

  public byte[] encode() {
    int flags = (known ? KNOWN : 0) | (here ? HERE : 0) | (leader ? LEADER : 0);
    return new ByteWriter(256)
        .u32(flags)
        .countedText(obstacle)
        .list(events, Event::write)
        .toBytes();
  }
}
