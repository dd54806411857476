package io.jctdb.protocol;

/**
 * Well-known message addresses (client-protocol.md 5). A random srvid may fall into any range: do
 * not refuse by range.
 */
public final class Srvid {
  /** Receives a copy of every message dispatched on the node. */
  public static final long ALL = -1L;

  /** F001 + n: database transfer of stock recovery. */
  public static final long RECOVERY = 0xF001L << 48;

  public static final long BANNING = 0xF002L << 48;
  public static final long ELECTION = 0xF100L << 48;

  /** u32 pnn, about once a second. */
  public static final long LEADER = 0xF101L << 48;

  /** Empty, after each recovery. */
  public static final long RECONFIGURE = 0xF200L << 48;

  /** Numeric address with NUL, on the node that let it go. */
  public static final long RELEASE_IP = 0xF300L << 48;

  /** Numeric address with NUL, on the node that took it. */
  public static final long TAKE_IP = 0xF301L << 48;

  /** Empty; newer Samba. */
  public static final long IPREALLOCATED = 0xF302L << 48;

  /** Empty; newer Samba. */
  public static final long START_IPREALLOCATE = 0xF303L << 48;

  public static final long SET_NODE_FLAGS = 0xF400L << 48;
  public static final long RECD_UPDATE_IP = 0xF500L << 48;
  public static final long VACUUM_FETCH = 0xF700L << 48;
  public static final long DETACH_DATABASE = 0xF701L << 48;

  /** {@link SrvidMessage}; answered with text. */
  public static final long MEM_DUMP = 0xF800L << 48;

  public static final long GETLOG = 0xF801L << 48;
  public static final long CLEARLOG = 0xF802L << 48;
  public static final long PUSH_NODE_FLAGS = 0xF900L << 48;
  public static final long RELOAD_NODES = 0xFA00L << 48;

  /** {@link SrvidMessage}; only the leader answers, with its pnn. */
  public static final long TAKEOVER_RUN = 0xFB00L << 48;

  /** u32 pnn. */
  public static final long REBALANCE_NODE = 0xFB01L << 48;

  /** {@link DisableMessage}; every addressed node answers with its pnn. */
  public static final long DISABLE_TAKEOVER_RUNS = 0xFB03L << 48;

  /** {@link DisableMessage}; every addressed node answers with its pnn. */
  public static final long DISABLE_RECOVERIES = 0xFB04L << 48;

  /** u32 seconds. */
  public static final long DISABLE_IP_CHECK = 0xFC00L << 48;

  public static final long SAMBA_NOTIFY = 0xFE00L << 48;
  public static final long SAMBA_NOTIFY_PROXY = SAMBA_NOTIFY | 1;
  public static final long SAMBA_PROCESS = SAMBA_NOTIFY | 2;

  /** The only well-known tunnel id. */
  public static final long TUNNEL_TEST = 0xFFFF_FFFFL << 32;

  /** Or-ed with a pid: traverses of the tool. */
  public static final long CLIENT_RANGE = 0xBEL << 56;

  /** Or-ed with pid and counter: answers to the tool, see {@link #toolReply}. */
  public static final long TOOL_RANGE = 0xCE01L << 48;

  /** Restored records of the tool. */
  public static final long TOOL_RESTORE = 0xCE02L << 48;

  private Srvid() {}

  /** Where the tool with this pid awaits the answer to its {@code counter}-th question. */
  public static long toolReply(int pid, int counter) {
    return TOOL_RANGE | (pid & 0xFFFFL) << 16 | (counter & 0xFFFFL);
  }
}
