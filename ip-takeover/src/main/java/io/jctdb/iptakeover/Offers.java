package io.jctdb.iptakeover;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Tells the leader that this node can host addresses again, if it asked a moment too early. A
 * leader that has heard of the new state sooner than this thread has been told that nothing can be
 * hosted here, and would not ask again.
 *
 * <p>Threading: owner thread.
 */
final class Offers {
  /** How long a leader has to ask by itself when this node can host addresses again. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final AddressPorts ports;

  /** The leader has asked last what could be hosted here when that was nothing. */
  private boolean offeredNothing;

  private Scheduler.@Nullable Timer offer;

  Offers(AddressPorts ports) {
    this.ports = ports;
  }

  /** A leader asks now what could be hosted here. */
  void asked() {
    offeredNothing = !mayHost();
  }

  /** The state of this node may be another one now. */
  void stateChanged() {
    if (offeredNothing && offer == null && mayHost()) {
      offer =
          ports
              .scheduler()
              .after(
                  PAUSE,
                  () -> {
                    offer = null;
                    if (offeredNothing && mayHost()) {
                      ports.listener().takeoverRunWanted("this node can host addresses now");
                    }
                  });
    }
  }

  private boolean mayHost() {
    return ports.ownState().get().mayHost();
  }
}
