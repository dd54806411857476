package io.jctdb.protocol;

import java.util.StringJoiner;

/** The flag word of a node (client-protocol.md 4.2), and its text (cli.md 2.3). */
public final class NodeFlags {
  public static final int DISCONNECTED = 0x01;
  public static final int UNHEALTHY = 0x02;
  public static final int PERMANENTLY_DISABLED = 0x04;
  public static final int BANNED = 0x08;
  public static final int DELETED = 0x10;
  public static final int STOPPED = 0x20;

  /** Never on the wire: the tool sets it for a node whose state it cannot know yet. */
  public static final int UNKNOWN = 0x40;

  public static final int DISABLED = UNHEALTHY | PERMANENTLY_DISABLED;
  public static final int INACTIVE = DISCONNECTED | BANNED | DELETED | STOPPED;

  private NodeFlags() {}

  /** {@code OK}, or names joined with {@code |}, such as {@code UNHEALTHY|STOPPED|INACTIVE}. */
  public static String toString(int flags) {
    StringJoiner names = new StringJoiner("|");
    names.setEmptyValue("OK");
    add(names, flags, DISCONNECTED, "DISCONNECTED");
    add(names, flags, UNKNOWN, "UNKNOWN");
    add(names, flags, PERMANENTLY_DISABLED, "DISABLED");
    add(names, flags, BANNED, "BANNED");
    add(names, flags, UNHEALTHY, "UNHEALTHY");
    add(names, flags, DELETED, "DELETED");
    add(names, flags, STOPPED, "STOPPED");
    add(names, flags, INACTIVE, "INACTIVE");
    return names.toString();
  }

  private static void add(StringJoiner names, int flags, int mask, String name) {
    if ((flags & mask) != 0) {
      names.add(name);
    }
  }
}
