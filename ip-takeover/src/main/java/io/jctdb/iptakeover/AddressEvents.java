package io.jctdb.iptakeover;

import java.util.List;
import java.util.function.IntConsumer;

/**
 * Runs event scripts, one event at a time, in the order of the calls: {@code takeip IFACE IP BITS},
 * {@code releaseip IFACE IP BITS}, {@code updateip OLD NEW IP BITS}, {@code startipreallocate},
 * {@code ipreallocated} (events-and-config.md 1.9). Port.
 */
public interface AddressEvents {
  /** The status of an event whose time ran out. */
  int TIMED_OUT = 110;

  /** In the place of an interface that is not known. */
  String NO_INTERFACE = "__none__";

  /**
   * Starts the event.
   *
   * @param status called exactly once, later, on the owner thread: 0, the status of the script that
   *     failed, or {@link #TIMED_OUT}
   */
  void run(String event, List<String> arguments, IntConsumer status);
}
