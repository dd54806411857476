package io.jctdb.protocol;

/**
 * What the 32-byte header says beyond length, magic, version and operation (client-protocol.md
 * 2.1).
 *
 * <p>From a client only {@code destnode} (not in calls) and {@code reqid} mean anything; {@code
 * generation} and {@code srcnode} must be ignored (1.4). Towards a client, {@code destnode} is
 * always 0 and {@code srcnode} the answering daemon's pnn.
 *
 * @param generation the epoch of the sender; {@link #INVALID_GENERATION} while it has none
 * @param destnode a pnn or one of {@link SpecialPnn}
 * @param srcnode the sender's pnn
 * @param reqid chosen by the requester, echoed in the reply; any value
 */
public record PacketHeader(int generation, int destnode, int srcnode, int reqid) {
  /** Size in bytes, and the smallest length a packet may have. */
  public static final int SIZE = 32;

  /** {@code CTDB} read as a big-endian word; on the wire {@code 42 44 54 43}. */
  public static final int MAGIC = 0x4354_4442;

  public static final int VERSION = 1;
  public static final int INVALID_GENERATION = 1;

  /** The header of a daemon's answer to (or message for) one of its clients. */
  public static PacketHeader toClient(int generation, int self, int reqid) {
    return new PacketHeader(generation, 0, self, reqid);
  }
}
