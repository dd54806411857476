package io.jctdb.recovery;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log how far the ensemble has come, so that nobody has to guess why nothing happens.
 */
final class QuorumReporter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedZooKeeper.class);
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final int LOOKS_PER_REPORT = 12;

  private final Ensemble ensemble;
  private final int self;
  private final EnsembleMember member;
  private final Thread thread;

  private QuorumReporter(Ensemble ensemble, int self, EnsembleMember member) {
    this.ensemble = ensemble;
    this.self = self;
    this.member = member;
    this.thread = Thread.ofVirtual().name("zookeeper-report-" + self).unstarted(this::watch);
  }

  static QuorumReporter start(Ensemble ensemble, int self, EnsembleMember member) {
    QuorumReporter reporter = new QuorumReporter(ensemble, self, member);
    reporter.thread.start();
    return reporter;
  }

  private void watch() {
    boolean served = false;
    int looksWithout = 0;
    LastingState missing = new LastingState();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        boolean serves = member.serving();
        if (serves && !served) {
          missing.isOver();
          LOG.info("node {}: ZooKeeper serves, {}", self, contact());
        } else if (!serves && (served || looksWithout % LOOKS_PER_REPORT == LOOKS_PER_REPORT - 1)) {
          String contact = contact();
          if (missing.isNews(contact, System.nanoTime())) {
            LOG.info("node {}: waiting for a ZooKeeper quorum: {}", self, contact);
          }
        }
        looksWithout = serves ? 0 : looksWithout + 1;
        served = serves;
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      // Asked to end.
    }
  }

  private String contact() {
    int all = ensemble.members().size();
    return member.reachable() + " of " + all + " members in contact, " + (all / 2 + 1) + " needed";
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
