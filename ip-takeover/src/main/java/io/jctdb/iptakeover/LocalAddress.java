package io.jctdb.iptakeover;

import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.SpecialPnn;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** What this node knows about one public address of its list. */
final class LocalAddress {
  /** What to do when the event that is under way for this address has ended. */
  enum AfterChange {
    /** What the event was for. */
    CARRY_ON,
    /** Release it again: the node has become inactive meanwhile. */
    RELEASE,
    /** Remove it from the kernel, without an event: the node has lost its lease meanwhile. */
    REMOVE
  }

  final PublicAddress configured;

  /** The presumed holder; only what RELEASE_IP and TAKEOVER_IP said. */
  int holder = SpecialPnn.UNKNOWN;

  /** The interface that carries the address; null when it is not here. */
  @Nullable String interfaceName;

  /** To be forgotten at the next release. */
  boolean deleting;

  /** An event for this address is under way. */
  boolean changing;

  /** ... and it is on its way out. */
  boolean releasing;

  /** ... or it is on its way in, and no neighbour has been told yet. */
  boolean arriving;

  /** See {@link AddressFigures}. */
  long takes;

  long releases;
  long refusals;
  long putBacks;
  Duration lastTake = Duration.ZERO;

  AfterChange afterChange = AfterChange.CARRY_ON;

  /** Requests that came while the address was changing, in their order. */
  private final Deque<Request> waiting = new ArrayDeque<>();

  /** Far more than a leader that repeats itself and a tool ask for. */
  private static final int WAITING_MAX = 16;

  /** Who asked to take it while this node was between two epochs. */
  private final List<IntConsumer> untilReady = new ArrayList<>();

  private record Request(Runnable body, IntConsumer status, boolean isTake) {}

  LocalAddress(PublicAddress configured) {
    this.configured = configured;
  }

  /** To be carried out after the change that is under way; refused with -1 if too much waits. */
  void later(Runnable body, IntConsumer status, boolean isTake) {
    if (waiting.size() < WAITING_MAX) {
      waiting.add(new Request(body, status, isTake));
    } else {
      status.accept(-1);
    }
  }

  /** To be taken when this node is ready; until then it counts as coming. */
  void takeWhenReady(IntConsumer status) {
    if (untilReady.size() < WAITING_MAX) {
      untilReady.add(status);
    } else {
      status.accept(-1);
    }
  }

  /** Whether a take waits until this node is ready. */
  boolean isAwaited() {
    return !untilReady.isEmpty();
  }

  /** Whether this one was still waiting. */
  boolean waitsNoLonger(IntConsumer status) {
    return untilReady.remove(status);
  }

  /** Who waits until this node is ready; they wait no longer. */
  List<IntConsumer> noLongerAwaited() {
    List<IntConsumer> takes = List.copyOf(untilReady);
    untilReady.clear();
    return takes;
  }

  /** What waits to take the address is refused: this node shall have none. */
  void refuseWaitingTakes() {
    noLongerAwaited().forEach(take -> take.accept(-1));
    List<Request> takes = waiting.stream().filter(Request::isTake).toList();
    waiting.removeAll(takes);
    takes.forEach(take -> take.status.accept(-1));
  }

  /** A change has ended: carries out what has waited for that, up to the next change. */
  void carryOn() {
    while (!changing) {
      Request next = waiting.poll();
      if (next == null) {
        return;
      }
      next.body.run();
    }
  }

  InetAddress address() {
    return configured.address();
  }

  String text() {
    return NumericAddress.toString(address());
  }

  List<String> eventArguments(String... interfaces) {
    List<String> arguments = new ArrayList<>(List.of(interfaces));
    arguments.add(text());
    arguments.add(Integer.toString(configured.prefixLength()));
    return arguments;
  }
}
