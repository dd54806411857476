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

/** What this node knows about one public address of its list. Owner thread. */
final class LocalAddress {
  /** What an event script is just doing with it. */
  enum Change {
    NONE,
    /** On its way in. */
    TAKING,
    /** From one interface of this node to another. */
    MOVING,
    /** On its way out. */
    RELEASING
  }

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
  private final int self;
  private final AddressHistory history;

  /** The presumed holder; only what RELEASE_IP and TAKEOVER_IP said. */
  int holder = SpecialPnn.UNKNOWN;

  /** The interface that carries the address; null when it is not here. */
  @Nullable String interfaceName;

  /** To be forgotten at the next release. */
  boolean deleting;

  Change change = Change.NONE;

  /** It is being taken, and no neighbour has been told yet. */
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

  /**
   * @param self pnn of this node
   */
  LocalAddress(PublicAddress configured, int self, AddressHistory history) {
    this.configured = configured;
    this.self = self;
    this.history = history;
  }

  /** Whether this node is the recorded holder. */
  boolean isHere() {
    return holder == self;
  }

  /** From now on this node is the holder. */
  void claim() {
    holder = self;
  }

  boolean isChanging() {
    return change != Change.NONE;
  }

  /** Whether it is just being released. */
  boolean isGoing() {
    return change == Change.RELEASING;
  }

  /** Something has happened to it, for people to read. */
  void note(String text) {
    history.note(address(), text);
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
    while (!isChanging()) {
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

  AddressFigures figures() {
    return new AddressFigures(address(), holder, takes, releases, refusals, putBacks, lastTake);
  }
}
