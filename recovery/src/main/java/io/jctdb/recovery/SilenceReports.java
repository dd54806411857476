package io.jctdb.recovery;

import io.jctdb.database.message.LeaseMessage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who has promised not to acknowledge whom, as far as this node has heard; its own promises
 * included. A pure machine.
 */
public final class SilenceReports {
  private record Pair(int reporter, int suspect) {}

  /**
   * @param lastAck on this node's clock, no earlier than the reporter's last acknowledgement
   * @param heardSince since when the reporter hears the suspect again; NEVER if it does not
   */
  private record Report(LeaseMessage.Silent said, long lastAck, long heardSince) {}

  private static final long NEVER = Long.MIN_VALUE / 2;

  private final PeerTiming timing;
  private final PeerTiming remoteTiming;

  /** Bounded: one for each ordered pair of pnns. */
  private final Map<Pair, Report> reports = new HashMap<>();

  private @Nullable EpochLives epoch;

  public SilenceReports(PeerTiming timing, PeerTiming remote) {
    this.timing = timing;
    this.remoteTiming = remote;
  }

  private PeerTiming timingOf(int pnn) {
    EpochLives current = epoch;
    return current != null && current.isRemote(pnn) ? remoteTiming : timing;
  }

  private long leaseAndDrift(int pnn) {
    return timingOf(pnn).lease().plus(timingOf(pnn).drift()).toNanos();
  }

  /** A node has promised. */
  public void received(int from, LeaseMessage.Silent said, long now) {
    if (said.ageNanos() < 0 || said.pnn() == from) {
      return;
    }
    EpochLives current = epoch;
    if (current != null && said.epoch() < current.number()) {
      return;
    }
    reports.compute(
        new Pair(from, said.pnn()),
        (pair, before) -> {
          boolean same = before != null && isRepeated(before.said(), said);
          // An age beyond the lease says only that the lease is over; as a time it would carry the
          // error of the reporter's clock. Below that, the earliest bound is the best: later ones
          // have only been longer under way.
          long lastAck = now - Math.min(said.ageNanos(), leaseAndDrift(said.pnn()));
          long heardSince = said.heardAgain() ? now : NEVER;
          if (same && before != null) {
            lastAck = Math.min(lastAck, before.lastAck());
            heardSince =
                said.heardAgain() && before.heardSince() != NEVER
                    ? before.heardSince()
                    : heardSince;
          }
          return new Report(said, lastAck, heardSince);
        });
  }

  private static boolean isRepeated(LeaseMessage.Silent before, LeaseMessage.Silent now) {
    return before.incarnation() == now.incarnation()
        && before.epoch() == now.epoch()
        && before.ofIncarnation() == now.ofIncarnation();
  }

  /** The epoch is committed: promises of earlier ones are over. */
  public void committed(EpochLives next) {
    epoch = next;
    reports.values().removeIf(report -> report.said().epoch() < next.number());
  }

  /**
   * When the lease of a life has run out, if a majority of the committed epoch, that member not
   * among it, has promised not to renew it. Holds as long as that epoch is the committed one.
   */
  public OptionalLong leaseEnd(Life suspect) {
    EpochLives current = epoch;
    if (current == null || !current.countable() || !current.has(suspect)) {
      return OptionalLong.empty();
    }
    List<Long> lastAcks = new ArrayList<>();
    standing(suspect).forEach(report -> lastAcks.add(report.lastAck()));
    if (lastAcks.size() < current.majority()) {
      return OptionalLong.empty();
    }
    Collections.sort(lastAcks);
    return OptionalLong.of(lastAcks.get(current.majority() - 1) + leaseAndDrift(suspect.pnn()));
  }

  /** The valid reports about a member of the committed epoch. */
  private List<Report> standing(Life suspect) {
    EpochLives current = epoch;
    List<Report> standing = new ArrayList<>();
    reports.forEach(
        (pair, report) -> {
          LeaseMessage.Silent said = report.said();
          if (current != null
              && said.epoch() == current.number()
              && pair.suspect() == suspect.pnn()
              && said.ofIncarnation() == suspect.incarnation()
              && current.counts(new Life(pair.reporter(), said.incarnation()))) {
            standing.add(report);
          }
        });
    return standing;
  }

  /** Members of the committed epoch that somebody, at least {@code reporter}, is silent about. */
  public Set<Life> suspectsOf(int reporter) {
    Set<Life> suspects = new HashSet<>();
    for (Map.Entry<Pair, Report> entry : reports.entrySet()) {
      Life suspect = new Life(entry.getKey().suspect(), entry.getValue().said().ofIncarnation());
      if (entry.getKey().reporter() == reporter && !standing(suspect).isEmpty()) {
        suspects.add(suspect);
      }
    }
    return suspects;
  }

  /** Members of the committed epoch whose lease cannot be renewed any more. */
  public Set<Life> doomed() {
    Set<Life> doomed = new HashSet<>();
    EpochLives current = epoch;
    if (current != null) {
      current
          .incarnations()
          .forEach(
              (pnn, incarnation) -> {
                Life life = new Life(pnn, incarnation);
                if (leaseEnd(life).isPresent()) {
                  doomed.add(life);
                }
              });
    }
    return doomed;
  }

  /**
   * Whether there are promises, and everybody who gave one has heard its suspect again for a while:
   * then a new epoch lets them speak to each other as before.
   *
   * @param alive who is registered: for others nothing can be mended
   */
  public boolean mended(long now, Predicate<Life> alive) {
    EpochLives current = epoch;
    if (current == null) {
      return false;
    }
    boolean any = false;
    for (Map.Entry<Integer, Long> member : current.incarnations().entrySet()) {
      Life suspect = new Life(member.getKey(), member.getValue());
      for (Report report : alive.test(suspect) ? standing(suspect) : List.<Report>of()) {
        any = true;
        if (report.heardSince() == NEVER
            || now - report.heardSince() < timingOf(suspect.pnn()).suspicion().toNanos()) {
          return false;
        }
      }
    }
    return any;
  }
}
