package io.jctdb.protocol;

/** Bits of GET_CAPABILITIES (client-protocol.md 3.3). */
public final class Capability {
  /** May become leader. */
  public static final int LEADER = 0x0000_0001;

  /** May be location master of records. */
  public static final int LMASTER = 0x0000_0002;

  public static final int PARALLEL_RECOVERY = 0x0001_0000;
  public static final int FRAGMENTED_CONTROLS = 0x0002_0000;

  /** What a 4.17 daemon says. */
  public static final int DEFAULT = LEADER | LMASTER | PARALLEL_RECOVERY | FRAGMENTED_CONTROLS;

  private Capability() {}
}
