package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.Optional;

/**
 * The newest committed epoch that this node knows of. Written by the membership thread, asked by
 * any.
 */
final class NewestEpoch {
  private volatile Optional<Epoch> known = Optional.empty();

  Optional<Epoch> get() {
    return known;
  }

  /** An epoch that is committed; an older one changes nothing. */
  void note(Epoch committed) {
    if (known.isEmpty() || known.get().number() < committed.number()) {
      known = Optional.of(committed);
    }
  }
}
