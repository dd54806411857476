package io.jctdb.daemon.cluster;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.record.AsideListener;
import io.jctdb.database.record.RecordStatistics;
import io.jctdb.database.record.WaitReason;
import io.jctdb.protocol.Key;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of members that fell silent and were set aside (docs/fencing.md), and, on the leader, has
 * their place given back with a new epoch when they are heard again. Owner thread only.
 */
public final class SilentMembers implements AsideListener {
  private static final Logger log = LoggerFactory.getLogger(SilentMembers.class);

  private final ClusterView cluster;
  private final Runnable newEpoch;
  private long times;
  private int last = KeeperMessage.NOBODY;
  private long inEpoch = Epoch.NONE;

  /**
   * @param newEpoch asks for a new epoch of the same members
   */
  public SilentMembers(ClusterView cluster, Runnable newEpoch) {
    this.cluster = cluster;
    this.newEpoch = newEpoch;
  }

  /**
   * @param times how often this node has set a member aside since it started
   * @param now the member that is set aside in the present epoch, or {@link KeeperMessage#NOBODY}
   * @param records what the engine knows of copies, here and elsewhere
   */
  public record Figures(long times, int now, RecordStatistics records) {}

  public Figures figures(RecordStatistics records) {
    Epoch epoch = cluster.epoch();
    boolean present = epoch != null && epoch.number() == inEpoch;
    return new Figures(times, present ? last : KeeperMessage.NOBODY, records);
  }

  @Override
  public void setAside(long epoch, int pnn, long silentNanos) {
    times++;
    last = pnn;
    inEpoch = epoch;
    if (pnn == cluster.self()) {
      log.warn("other nodes did not hear this one: it is set aside as lmaster in epoch {}", epoch);
    } else {
      log.warn(
          "node {} is set aside as lmaster in epoch {}: silent for {} ms here",
          pnn,
          epoch,
          TimeUnit.NANOSECONDS.toMillis(silentNanos));
    }
  }

  @Override
  public void backAgain(long epoch, int pnn, long afterNanos) {
    log.warn(
        "node {} is heard again {} ms after it was set aside in epoch {}",
        pnn,
        TimeUnit.NANOSECONDS.toMillis(afterNanos),
        epoch);
  }

  @Override
  public void waited(int dbId, Key key, int forPnn, long nanos, WaitReason reason) {
    log.info(
        "database {} key {}: waited {} ms for node {} ({})",
        String.format("0x%08x", dbId),
        HexFormat.of().formatHex(key.bytes(), 0, Math.min(key.bytes().length, 32)),
        TimeUnit.NANOSECONDS.toMillis(nanos),
        forPnn,
        reason);
  }

  @Override
  public void mended(long epoch) {
    if (cluster.leaderOrUnknown() == cluster.self()) {
      log.info("all members of epoch {} hear each other again: asking for a new epoch", epoch);
      newEpoch.run();
    }
  }
}
