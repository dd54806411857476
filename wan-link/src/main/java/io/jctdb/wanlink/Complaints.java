package io.jctdb.wanlink;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Log lines that others can provoke, by trying again and again or on purpose. The same about the
 * same host is said at once and then once a minute, with how often it happened meanwhile; different
 * ones at most once a second.
 */
final class Complaints {
  private static final long SAME_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long ANY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int REMEMBERED_MAX = 100;

  private final Consumer<String> log;
  private final LongSupplier clock;
  private final SequencedMap<Complaint, Said> said = new LinkedHashMap<>();
  private long lastNanos;
  private long swallowed;

  private record Complaint(String host, String what) {}

  /** When it was said last, and how often it was not said since. */
  private static final class Said {
    private final long atNanos;
    private long since;

    Said(long atNanos) {
      this.atNanos = atNanos;
    }
  }

  /**
   * @param clock nanoseconds of any origin
   */
  Complaints(Consumer<String> log, LongSupplier clock) {
    this.log = log;
    this.clock = clock;
    this.lastNanos = clock.getAsLong() - ANY_NANOS;
  }

  /**
   * @param subject what the line begins with, before the address
   * @param remote whose port does not make it another complaint
   * @param what what the line ends with, after the address
   */
  void about(String subject, @Nullable SocketAddress remote, String what) {
    String host =
        remote instanceof InetSocketAddress internet
            ? internet.getHostString()
            : String.valueOf(remote);
    Complaint complaint = new Complaint(host, subject + what);
    long now = clock.getAsLong();
    Said before = said.get(complaint);
    if (before != null && now - before.atNanos < SAME_NANOS) {
      before.since++;
    } else if (now - lastNanos < ANY_NANOS) {
      swallowed++;
    } else {
      said.remove(complaint);
      said.put(complaint, new Said(now));
      if (said.size() > REMEMBERED_MAX) {
        said.pollFirstEntry();
      }
      log.accept(subject + remote + what + leftOut(before));
      lastNanos = now;
      swallowed = 0;
    }
  }

  private String leftOut(@Nullable Said before) {
    String same =
        before == null || before.since == 0 ? "" : ", " + before.since + " times more since";
    return same + (swallowed == 0 ? "" : " (and " + swallowed + " other lines left out)");
  }
}
