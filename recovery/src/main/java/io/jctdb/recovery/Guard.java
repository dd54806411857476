package io.jctdb.recovery;

import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A future keeps an exception of its callback to itself; here it reaches the log. */
final class Guard {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private Guard() {}

  static <T> BiConsumer<T, @Nullable Throwable> guarded(
      BiConsumer<T, @Nullable Throwable> callback) {
    return (value, failure) -> {
      try {
        callback.accept(value, failure);
      } catch (RuntimeException e) {
        LOG.error("an answer could not be handled", e);
      }
    };
  }
}
