package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressStory;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What happened to public addresses, the last {@value #EVENTS_MAX} events of each. Owner thread.
 */
final class AddressHistory {
  private static final int EVENTS_MAX = 30;

  private final Scheduler scheduler;
  private final boolean leaders;
  private final Map<InetAddress, Deque<AddressStory.Event>> events = new HashMap<>();
  private AddressDiary diary = AddressDiary.NONE;

  /**
   * @param leaders whether these are a leader's decisions, or what a node did
   */
  AddressHistory(Scheduler scheduler, boolean leaders) {
    this.scheduler = scheduler;
    this.leaders = leaders;
  }

  /** Goes on with what an earlier life has noted. */
  void continueIn(AddressDiary kept) {
    kept.read(
        (address, event) -> {
          if (event.byLeader() == leaders) {
            add(address, event);
          }
        });
    diary = kept;
  }

  void note(InetAddress address, String text) {
    AddressStory.Event event = new AddressStory.Event(scheduler.epochMillis(), leaders, text);
    add(address, event);
    diary.write(address, event);
  }

  private void add(InetAddress address, AddressStory.Event event) {
    Deque<AddressStory.Event> last = events.computeIfAbsent(address, a -> new ArrayDeque<>());
    if (last.size() >= EVENTS_MAX) {
      last.removeFirst();
    }
    last.addLast(event);
  }

  /** The same; but what says almost the same as the last event takes its place. */
  void noteOfMany(InetAddress address, String text) {
    Deque<AddressStory.Event> last = events.get(address);
    if (last != null && !last.isEmpty() && sameKind(last.getLast().text(), text)) {
      last.removeLast();
    }
    note(address, text);
  }

  private static boolean sameKind(String one, String other) {
    return one.replaceAll("[0-9]+", "").equals(other.replaceAll("[0-9]+", ""));
  }

  /** The oldest first. */
  List<AddressStory.Event> of(InetAddress address) {
    return List.copyOf(events.getOrDefault(address, new ArrayDeque<>()));
  }
}
