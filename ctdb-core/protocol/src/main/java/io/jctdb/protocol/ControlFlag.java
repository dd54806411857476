package io.jctdb.protocol;

/** Bits of a control request's flags field (client-protocol.md 2.8). */
public final class ControlFlag {
  /** Execute, and never answer, whatever the result. */
  public static final int NOREPLY = 0x0000_0001;

  /** GET_PUBLIC_IPS: only addresses that the node could host now. */
  public static final int PUBLIC_IP_ONLY_AVAILABLE = 0x0001_0000;

  /** DB_ATTACH and relatives: sent by the recovery helper of a stock daemon. */
  public static final int ATTACH_RECOVERY = 0x0002_0000;

  private ControlFlag() {}
}
