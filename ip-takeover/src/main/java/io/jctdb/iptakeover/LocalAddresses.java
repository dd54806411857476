package io.jctdb.iptakeover;

import io.jctdb.iptakeover.LocalAddress.AfterChange;
import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.NetworkLink;
import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.SpecialPnn;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public addresses of this node: its own list, which of them are here, on which interface, and
 * who is believed to have the others (cluster-and-failover.md 3.2, 3.6, 3.9).
 *
 * <p>The leader decides where an address is; this class carries it out, one change of an address at
 * a time; what is asked for meanwhile waits. An address is here when the kernel has it: that is
 * asked before each decision, never remembered. An address that is being taken or released, or that
 * is on an interface without being recorded, is said to be here: the leader must not give it to
 * another node before this one has let go.
 *
 * <p>Two deviations from ctdbd 4.17, both visible only when something else has gone wrong: an
 * address that {@code releaseip} left on the interface is removed through netlink before the
 * release is reported as failed; and TAKEOVER_IP of an address that the kernel has, although
 * another node is recorded as its holder, repairs the record with {@code updateip} instead of
 * banning this node (the leader has every other node's release by then).
 *
 * <p>Threading: owner thread; statuses come on it, too.
 */
public final class LocalAddresses {
  private static final Logger LOG = LoggerFactory.getLogger(LocalAddresses.class);
  private static final int OK = 0;
  private static final int FAILED = -1;
  private static final String NO_INTERFACE = "__none__";

  /** A recovery takes a fraction of a second; who waits longer is better served elsewhere. */
  private static final Duration READY_MAX = Duration.ofSeconds(3);

  /** Between the three rounds of an announcement. */
  private static final Duration ANNOUNCEMENT_PAUSE = Duration.ofMillis(1_100);

  /** How often it is looked whether an address has arrived whose scripts still run. */
  private static final Duration ARRIVAL_LOOK = Duration.ofMillis(50);

  /** How long a leader has to ask by itself when this node can host addresses again. */
  private static final Duration OFFER_PAUSE = Duration.ofSeconds(1);

  private final int self;
  private final AddressPorts ports;
  private final Announcements announcements;
  private final TcpConnections connections;
  private final AddressCheck check;
  private final LocalInterfaces interfaces;

  /** In order of creation; lists are given in the reverse of it. */
  private final Map<InetAddress, LocalAddress> table = new LinkedHashMap<>();

  private final AddressHistory history;
  private final PublishedList published;

  private boolean lookingForArrivals;

  /** The leader has asked last what could be hosted here when that was nothing. */
  private boolean offeredNothing;

  private Scheduler.@Nullable Timer offer;

  public LocalAddresses(int self, AddressPorts ports, List<PublicAddress> configured) {
    this.self = self;
    this.ports = ports;
    this.interfaces = new LocalInterfaces(this::references, ports.scheduler());
    this.announcements = new Announcements(ports.announcements(), ports.scheduler());
    this.connections = new TcpConnections(this, ports.listener());
    this.check = new AddressCheck(ports);
    this.history = new AddressHistory(ports.scheduler(), false);
    this.published = new PublishedList(self, table::keySet, ports.scheduler(), ports.listener());
    configured.forEach(this::create);
  }

  /** What this node has told the main site that it could host, if it is at a remote site. */
  public PublishedList published() {
    return published;
  }

  /** The TCP connections to these addresses. */
  public TcpConnections connections() {
    return connections;
  }

  // What this node knows.

  /** GET_PUBLIC_IPS: reverse of the file's order. */
  public List<PublicIp> publicIps(boolean onlyAvailable) {
    if (onlyAvailable) {
      offeredNothing = !ports.ownState().get().mayHost();
    }
    Set<InetAddress> present = present();
    List<PublicIp> list = new ArrayList<>();
    for (LocalAddress entry : table.values()) {
      if (!onlyAvailable || isAvailable(entry)) {
        boolean here = entry.changing || entry.isAwaited() || present.contains(entry.address());
        list.addFirst(new PublicIp(here ? self : entry.holder, new SockAddr(entry.address(), 0)));
      }
    }
    return list;
  }

  /**
   * The state of this node may be another one now. A leader that has heard of it sooner than this
   * thread has been told that nothing can be hosted here, and would not ask again.
   */
  public void stateChanged() {
    if (offeredNothing && offer == null && ports.ownState().get().mayHost()) {
      offer =
          ports
              .scheduler()
              .after(
                  OFFER_PAUSE,
                  () -> {
                    offer = null;
                    if (offeredNothing && ports.ownState().get().mayHost()) {
                      ports.listener().takeoverRunWanted("this node can host addresses now");
                    }
                  });
    }
  }

  /** What the kernel has; nothing if it cannot say. */
  private Set<InetAddress> present() {
    Set<InetAddress> present = new HashSet<>();
    if (!table.isEmpty()) {
      try {
        ports.kernel().list().forEach(found -> present.add(found.address()));
      } catch (IOException e) {
        LOG.error("Cannot list the addresses of this node: {}", e.getMessage());
      }
    }
    return present;
  }

  /** GET_PUBLIC_IP_INFO; empty if this node does not know the address. */
  public Optional<PublicIpInfo> info(InetAddress address) {
    LocalAddress entry = table.get(address);
    if (entry == null) {
      return Optional.empty();
    }
    List<String> names = entry.configured.interfaces();
    int active =
        entry.holder == self && entry.interfaceName != null
            ? names.indexOf(entry.interfaceName)
            : PublicIpInfo.NO_INTERFACE;
    return Optional.of(
        new PublicIpInfo(
            publicIp(entry), active, names.stream().map(interfaces::describe).toList()));
  }

  /**
   * What this node can tell of an address.
   *
   * @param decisions of the leader, if this node is the leader
   */
  public AddressStory story(
      InetAddress address, boolean leader, List<AddressStory.Event> decisions) {
    LocalAddress entry = table.get(address);
    List<AddressStory.Event> events = new ArrayList<>(history.of(address));
    events.addAll(decisions);
    events.sort(Comparator.comparingLong(AddressStory.Event::epochMillis));
    boolean here = publicIps(false).contains(new PublicIp(self, new SockAddr(address, 0)));
    return new AddressStory(entry != null, here, leader, obstacle(entry), events);
  }

  private String obstacle(@Nullable LocalAddress entry) {
    OwnState state = ports.ownState().get();
    if (entry == null) {
      return "its public_addresses does not have it";
    } else if (entry.deleting) {
      return "it has been deleted here and goes when it is released";
    } else if (isNews(entry)) {
      return "not all at the main site know yet that it is in the list of this node";
    } else if (!state.mayHost() && state.runState() != RunState.RUNNING) {
      return "run state " + state.runState();
    } else if (!state.mayHost()) {
      return NodeFlags.toString(state.flags());
    } else if (!interfaces.anyUp(entry.configured.interfaces())) {
      return "no link on " + String.join(", ", entry.configured.interfaces());
    } else if (!ports.keeper().mayTake()) {
      return "its lease is running out";
    }
    return "";
  }

  /** GET_IFACES: last created first. */
  public List<Interface> interfaces() {
    return interfaces.describeAll();
  }

  /** Whether the address is in this node's list. */
  public boolean isPublic(InetAddress address) {
    return table.containsKey(address);
  }

  /** Whether this node is the recorded holder. */
  public boolean isHere(InetAddress address) {
    LocalAddress entry = table.get(address);
    return entry != null && entry.holder == self;
  }

  /** Whether it is just being taken: it may serve already, though its scripts have not ended. */
  boolean isComing(InetAddress address) {
    LocalAddress entry = table.get(address);
    return entry != null && entry.changing && !entry.releasing;
  }

  /** Whether it is just being released. */
  boolean isGoing(InetAddress address) {
    LocalAddress entry = table.get(address);
    return entry != null && entry.releasing;
  }

  /** Wakes the client of a connection that another node has accepted. */
  void wake(Connection connection) {
    announcements.wake(connection);
  }

  public boolean isEmpty() {
    return table.isEmpty();
  }

  /** The addresses that this node is the recorded holder of. */
  Set<InetAddress> held() {
    Set<InetAddress> held = new HashSet<>();
    for (LocalAddress entry : table.values()) {
      if (entry.holder == self) {
        held.add(entry.address());
      }
    }
    return held;
  }

  /** How many addresses this node is the recorded holder of. */
  public int heldCount() {
    return held().size();
  }

  /** Whether no public address is on this node, and none is coming. */
  public boolean hasNothing() {
    return publicIps(false).stream().noneMatch(ip -> ip.pnn() == self);
  }

  // Changes of the list and of the interfaces.

  /** SET_IFACE_LINK_STATE. */
  public int setLinkState(Interface state) {
    boolean valid = state.references() == 0 && (state.linkState() == 0 || state.linkState() == 1);
    if (!valid || !interfaces.isKnown(state.name())) {
      return FAILED;
    }
    if (interfaces.isUp(state.name()) != state.linkUp()) {
      LOG.warn("Interface {}: link is {}", state.name(), state.linkUp() ? "up" : "down");
    }
    avoid(state.name(), interfaces.setLink(state.name(), state.linkUp()));
    return OK;
  }

  private void avoid(String interfaceName, Duration hold) {
    if (hold.isPositive()) {
      LOG.warn(
          "Interface {} has lost its link too often: avoided until it has been up for {} s",
          interfaceName,
          hold.toSeconds());
      ports
          .scheduler()
          .after(
              hold,
              () ->
                  ports
                      .listener()
                      .takeoverRunWanted(interfaceName + " may have become steady again"));
    }
  }

  /**
   * What the kernel says of the links counts. An interface that is not set up is left to the
   * scripts, which set it up when they need it; those without a link to speak of (InfiniBand,
   * loopback), too, as interface_monitor does.
   */
  private void lookAtLinks(List<NetworkLink> links) {
    Map<String, Boolean> carriers = new HashMap<>();
    links.forEach(link -> carriers.put(link.name(), hasCarrier(link)));
    for (String name : interfaces.names()) {
      boolean carrier = carriers.getOrDefault(name, false);
      if (carrier != interfaces.hasCarrier(name)) {
        LOG.warn(
            "Interface {} {}",
            name,
            carrier ? "has a link again" : carriers.containsKey(name) ? "has no link" : "is gone");
        table.values().stream()
            .filter(entry -> !carrier && name.equals(entry.interfaceName))
            .forEach(entry -> history.note(entry.address(), name + " has lost its link"));
      }
      avoid(name, interfaces.setCarrier(name, carrier));
    }
  }

  private static boolean hasCarrier(NetworkLink link) {
    boolean untold = link.name().startsWith("lo") || link.name().startsWith("ib");
    return link.isRunning() || !link.isUp() || untold;
  }

  /** ADD_PUBLIC_IP. */
  public int add(AddressInfo info) {
    InetAddress address = info.address().address();
    int bits = address instanceof Inet4Address ? 32 : 128;
    List<String> names =
        List.of(info.interfaces().split(",")).stream()
            .filter(n -> !n.isEmpty())
            .distinct()
            .toList();
    if (table.containsKey(address)
        || names.isEmpty()
        || info.mask() < 0
        || info.mask() > bits
        || !allExist(names)) {
      LOG.error(
          "Cannot add public address {}/{} on '{}': it must be new, its mask at most {}, and every"
              + " interface must exist",
          NumericAddress.toString(address),
          info.mask(),
          info.interfaces(),
          bits);
      return FAILED;
    }
    create(new PublicAddress(address, info.mask(), names));
    return OK;
  }

  /** DEL_PUBLIC_IP: at once, or when it is next released if it is here. */
  public int delete(InetAddress address) {
    LocalAddress entry = table.get(address);
    if (entry == null) {
      return FAILED;
    }
    if (entry.holder == self || entry.changing) {
      entry.deleting = true;
      ports.listener().takeoverRunWanted(entry.text() + " has been deleted here");
    } else {
      forget(entry);
    }
    return OK;
  }

  /** RELOAD_PUBLIC_IPS: what the file has gained is added, what it has lost is deleted. */
  public void reload(List<PublicAddress> file) {
    Map<InetAddress, PublicAddress> wanted = new LinkedHashMap<>();
    file.forEach(line -> wanted.put(line.address(), line));
    for (LocalAddress entry : List.copyOf(table.values())) {
      PublicAddress line = wanted.remove(entry.address());
      if (line == null) {
        delete(entry.address());
      } else {
        keep(entry, line);
      }
    }
    wanted.values().forEach(this::create);
    if (!wanted.isEmpty()) {
      ports.listener().addressesGained();
    }
  }

  private void keep(LocalAddress entry, PublicAddress line) {
    entry.deleting = false;
    if (!entry.configured.equals(line)) {
      LOG.warn(
          "The mask or the interfaces of public address {} differ from the file; to change them,"
              + " remove the line, reload, put it back and reload again",
          entry.text());
    }
  }

  private void create(PublicAddress configured) {
    table.put(configured.address(), new LocalAddress(configured));
    for (String name : configured.interfaces()) {
      if (interfaces.add(name)) {
        prepare(name);
      }
    }
    published.changed();
  }

  private void prepare(String interfaceName) {
    try {
      ports.kernel().prepare(interfaceName);
    } catch (IOException e) {
      LOG.error(
          "Cannot set promote_secondaries on {}: when one public address goes, others of its subnet"
              + " may go with it: {}",
          interfaceName,
          e.toString());
    }
  }

  private void forget(LocalAddress entry) {
    table.remove(entry.address());
    connections.forget(entry.address());
    Set<String> named = new HashSet<>();
    table.values().forEach(other -> named.addAll(other.configured.interfaces()));
    interfaces.retain(named);
    published.changed();
  }

  private boolean allExist(List<String> names) {
    try {
      Set<String> existing = new HashSet<>();
      ports.kernel().links().forEach(link -> existing.add(link.name()));
      return existing.containsAll(names);
    } catch (IOException e) {
      LOG.error("Cannot list the interfaces of this node: {}", e.getMessage());
      return false;
    }
  }

  // Taking.

  /** TAKEOVER_IP. */
  public void takeoverIp(PublicIp request, IntConsumer status) {
    LocalAddress entry = table.get(request.address().address());
    if (request.pnn() != self) {
      status.accept(FAILED);
    } else if (entry == null) {
      status.accept(OK);
    } else if (entry.changing && entry.releasing) {
      // Whoever had it released may be about to give it to another node.
      LOG.warn("Refused to take {}: it is just being released", entry.text());
      status.accept(FAILED);
    } else if (entry.changing) {
      entry.later(() -> takeoverIp(request, status), status, true);
    } else if (ports.ownState().get().recovering()) {
      // Its scripts may not run yet; refused, it would be passed over for half a minute.
      LOG.info("{} is taken as soon as the databases are ready", entry.text());
      entry.takeWhenReady(status);
      ports.scheduler().after(READY_MAX, () -> giveUpWaiting(entry, status));
    } else {
      takeover(entry, status);
    }
  }

  private void giveUpWaiting(LocalAddress entry, IntConsumer status) {
    if (entry.waitsNoLonger(status)) {
      entry.refusals++;
      LOG.error("Cannot take {}: the databases of this node are not ready in time", entry.text());
      status.accept(FAILED);
    }
  }

  /** The databases are ready in a new epoch: takes what has waited for that. */
  public void recoveryFinished() {
    for (LocalAddress entry : List.copyOf(table.values())) {
      PublicIp request = new PublicIp(self, new SockAddr(entry.address(), 0));
      entry.noLongerAwaited().forEach(status -> takeoverIp(request, status));
    }
  }

  private void takeover(LocalAddress entry, IntConsumer status) {
    if (isNews(entry)) {
      LOG.warn(
          "Refused to take {}: not all at the main site know yet that this node lists it",
          entry.text());
      status.accept(FAILED);
      return;
    }
    if (!ports.keeper().mayTake()) {
      entry.refusals++;
      LOG.error("Cannot take {}: the lease of this node is running out", entry.text());
      status.accept(FAILED);
      return;
    }
    String best = interfaces.best(entry.configured.interfaces());
    if (best == null) {
      entry.refusals++;
      LOG.error(
          "Cannot take {}: none of its interfaces {} has a link",
          entry.text(),
          entry.configured.interfaces());
      status.accept(FAILED);
      return;
    }
    Optional<Boolean> present = isPresent(entry);
    if (present.isEmpty()) {
      status.accept(FAILED);
    } else if (!present.get()) {
      take(entry, status);
    } else if (entry.holder != self || entry.interfaceName == null) {
      move(entry, null, best, status);
    } else if (interfaces.shouldLeave(entry.interfaceName, best)) {
      move(entry, entry.interfaceName, best, status);
    } else {
      status.accept(OK);
    }
  }

  private void take(LocalAddress entry, IntConsumer status) {
    // Chosen without counting the address itself where it last was.
    entry.interfaceName = null;
    String chosen = interfaces.best(entry.configured.interfaces());
    if (chosen == null) {
      status.accept(FAILED);
      return;
    }
    LOG.info("Taking public address {} on {}", entry.text(), chosen);
    history.note(entry.address(), "being taken on " + chosen);
    entry.interfaceName = chosen;
    entry.changing = true;
    entry.arriving = true;
    ports.keeper().hold(entry.address());
    long begun = ports.scheduler().nowNanos();
    ports
        .events()
        .run(
            "takeip",
            entry.eventArguments(chosen),
            result -> {
              entry.lastTake = Duration.ofNanos(ports.scheduler().nowNanos() - begun);
              taken(entry, chosen, result, status);
              entry.carryOn();
            });
    if (!lookingForArrivals) {
      lookingForArrivals = true;
      ports.scheduler().after(ARRIVAL_LOOK, this::lookForArrivals);
    }
  }

  /**
   * Neighbours learn where an address is when it is there, not when its last script has ended:
   * until then they would send to the node that had it, and new connections would time out.
   */
  private void lookForArrivals() {
    List<LocalAddress> arriving = table.values().stream().filter(one -> one.arriving).toList();
    lookingForArrivals = !arriving.isEmpty();
    if (arriving.isEmpty()) {
      return;
    }
    Set<InetAddress> present = present();
    for (LocalAddress entry : arriving) {
      if (entry.interfaceName != null && present.contains(entry.address())) {
        entry.arriving = false;
        announcements.arrived(entry.address(), entry.interfaceName);
      }
    }
    ports.scheduler().after(ARRIVAL_LOOK, this::lookForArrivals);
  }

  private void taken(LocalAddress entry, String on, int result, IntConsumer status) {
    entry.changing = false;
    entry.arriving = false;
    boolean present = isPresent(entry).orElse(false);
    if (interrupted(entry, status)) {
      return;
    }
    // A time-out counts as success (events-and-config.md 1.10), if the address has arrived.
    if ((result == OK || result == AddressEvents.TIMED_OUT) && present) {
      entry.takes++;
      settle(entry, on);
      status.accept(OK);
      return;
    }
    entry.refusals++;
    ports.keeper().letGo(entry.address());
    entry.interfaceName = null;
    history.note(entry.address(), "could not be taken: event takeip ended with status " + result);
    LOG.error(
        "Taking public address {} failed: event takeip ended with status {} and the address is {}",
        entry.text(),
        result,
        present ? "there" : "not there");
    remove(entry);
    status.accept(result == OK || result == AddressEvents.TIMED_OUT ? FAILED : result);
  }

  /** Moves an address that the kernel has to another interface; {@code from} null: not known. */
  private void move(LocalAddress entry, @Nullable String from, String to, IntConsumer status) {
    String old = from == null ? NO_INTERFACE : from;
    LOG.info("Moving public address {} from {} to {}", entry.text(), old, to);
    history.note(
        entry.address(),
        "moving from "
            + (from == null ? "an interface that was not recorded" : from)
            + (from != null && !interfaces.isUp(from) ? ", which has no link," : "")
            + " to "
            + to);
    entry.interfaceName = to;
    entry.changing = true;
    // A renewal between the script's deleting and adding would bring it back on the old interface.
    ports.keeper().letGo(entry.address());
    ports
        .events()
        .run(
            "updateip",
            entry.eventArguments(old, to),
            result -> {
              moved(entry, from, to, result, status);
              entry.carryOn();
            });
  }

  private void moved(
      LocalAddress entry, @Nullable String from, String to, int result, IntConsumer status) {
    entry.changing = false;
    if (interrupted(entry, status)) {
      return;
    }
    if (result == OK) {
      settle(entry, to);
    } else {
      entry.interfaceName = from;
      ports.keeper().hold(entry.address());
      LOG.error("Moving {} to {} failed: updateip status {}", entry.text(), to, result);
    }
    status.accept(result);
  }

  /** The address is here: keep it alive, and tell everybody. */
  private void settle(LocalAddress entry, String on) {
    boolean was = isHere(entry.address());
    entry.holder = self;
    entry.interfaceName = on;
    history.note(entry.address(), "here on " + on);
    // Again, now that it is there: the script may have added it without a lifetime.
    ports.keeper().hold(entry.address());
    announcements.start(
        entry.address(),
        on,
        ANNOUNCEMENT_PAUSE,
        was ? connections.all(entry.address()) : connections.takeAll(entry.address()));
    ports.listener().taken(entry.address());
  }

  /** Whether the node had to give everything up while the event ran. */
  private boolean interrupted(LocalAddress entry, IntConsumer status) {
    AfterChange after = entry.afterChange;
    entry.afterChange = AfterChange.CARRY_ON;
    switch (after) {
      case CARRY_ON -> {
        return false;
      }
      case RELEASE -> release(entry, SpecialPnn.UNKNOWN, released -> status.accept(FAILED));
      case REMOVE -> {
        ports.keeper().letGo(entry.address());
        remove(entry);
        gone(entry, SpecialPnn.UNKNOWN);
        status.accept(FAILED);
      }
    }
    return true;
  }

  // Releasing.

  /** RELEASE_IP; the request's pnn is the new holder. */
  public void releaseIp(PublicIp request, IntConsumer status) {
    LocalAddress entry = table.get(request.address().address());
    if (entry == null) {
      status.accept(OK);
    } else if (entry.changing) {
      entry.later(() -> releaseIp(request, status), status, false);
    } else {
      release(entry, request.pnn(), status);
    }
  }

  /**
   * Releases every address that is here, with events: this node is being stopped, banned or shut
   * down. Also those that are just being taken.
   *
   * @param done runs when all are gone, or have turned out to be impossible to remove
   */
  public void releaseAll(Runnable done) {
    List<LocalAddress> entries = List.copyOf(table.values());
    int[] left = {entries.size() + 1};
    Runnable one =
        () -> {
          if (--left[0] == 0) {
            done.run();
          }
        };
    for (LocalAddress entry : entries) {
      entry.refuseWaitingTakes();
      entry.arriving = false;
      if (entry.changing) {
        entry.afterChange = AfterChange.RELEASE;
        entry.later(one, status -> one.run(), false);
      } else {
        release(entry, SpecialPnn.UNKNOWN, status -> one.run());
      }
    }
    one.run();
  }

  /** Fencing: removes every address from the kernel now; no event runs, nothing is waited for. */
  public void dropAllNow() {
    table.values().stream()
        .filter(entry -> entry.holder == self || entry.changing)
        .forEach(entry -> history.note(entry.address(), "removed at once, without its event"));
    ports.keeper().releaseAllNow();
    for (LocalAddress entry : List.copyOf(table.values())) {
      entry.refuseWaitingTakes();
      handOver(entry);
      entry.arriving = false;
      if (entry.changing) {
        entry.afterChange = AfterChange.REMOVE;
        // The keeper has let go of what a script is just releasing.
        remove(entry);
      } else {
        gone(entry, SpecialPnn.UNKNOWN);
      }
    }
  }

  /** Nothing more is announced, and the others learn who talks to the address. */
  private void handOver(LocalAddress entry) {
    Set<Connection> notWoken = announcements.stop(entry.address());
    if (entry.holder == self) {
      connections.handOver(entry.address(), notWoken);
    }
  }

  private void release(LocalAddress entry, int newHolder, IntConsumer status) {
    entry.noLongerAwaited().forEach(take -> take.accept(FAILED));
    handOver(entry);
    Optional<Boolean> present = isPresent(entry);
    if (present.isEmpty()) {
      status.accept(FAILED);
      return;
    }
    ports.keeper().letGo(entry.address());
    if (!present.get()) {
      gone(entry, newHolder);
      status.accept(OK);
      return;
    }
    String on = entry.interfaceName == null ? NO_INTERFACE : entry.interfaceName;
    LOG.info("Releasing public address {} from {}", entry.text(), on);
    entry.changing = true;
    entry.releasing = true;
    // Counts as here until it is gone, so that clients are told.
    entry.holder = self;
    ports
        .events()
        .run(
            "releaseip",
            entry.eventArguments(on),
            result -> {
              released(entry, newHolder, result, status);
              entry.carryOn();
            });
  }

  /** Only the kernel says whether a release worked, not the script (1.10). */
  private void released(LocalAddress entry, int newHolder, int result, IntConsumer status) {
    entry.changing = false;
    entry.releasing = false;
    entry.afterChange = AfterChange.CARRY_ON;
    if (result != OK) {
      LOG.warn("Event releaseip for {} ended with status {}", entry.text(), result);
    }
    if (isPresent(entry).orElse(true)) {
      remove(entry);
    }
    if (isPresent(entry).orElse(true)) {
      LOG.error("Releasing public address {} failed: it is still there", entry.text());
      history.note(entry.address(), "could not be released: it is still there");
      status.accept(FAILED);
      return;
    }
    entry.releases++;
    gone(entry, newHolder);
    status.accept(OK);
  }

  private void gone(LocalAddress entry, int newHolder) {
    boolean wasHere = entry.holder == self;
    if (wasHere || entry.holder != newHolder) {
      String heir = newHolder < 0 || newHolder == self ? "nobody" : "node " + newHolder;
      history.note(
          entry.address(),
          wasHere
              ? "released here; it goes to " + heir
              : "it goes to " + heir + ", says the leader");
    }
    entry.holder = newHolder == self ? SpecialPnn.UNKNOWN : newHolder;
    entry.interfaceName = null;
    if (wasHere) {
      connections.gone(entry.address());
      ports.listener().released(entry.address());
    }
    if (entry.deleting) {
      forget(entry);
    }
  }

  /** Removes what an event left behind, or has not removed yet. */
  private void remove(LocalAddress entry) {
    try {
      for (LinkAddress found : ports.kernel().find(entry.address())) {
        ports.kernel().delete(found);
        LOG.warn("Removed {}, which no event script has removed from its interface", entry.text());
      }
    } catch (IOException e) {
      LOG.error("A public address cannot be removed: {}", e.getMessage());
    }
  }

  // The rest.

  /**
   * START_IPREALLOCATE: addresses are about to move somewhere. Newer ctdb has it, and scripts for
   * it; a node that does not run yet has no service that could prepare itself.
   */
  public void startIpReallocate(IntConsumer status) {
    if (ports.ownState().get().runState() != RunState.RUNNING) {
      status.accept(OK);
      return;
    }
    ports
        .events()
        .run(
            "startipreallocate",
            List.of(),
            result -> {
              ports.listener().reallocationBegins();
              status.accept(result);
            });
  }

  /**
   * IPREALLOCATED. A node that shuts down runs no event but {@code shutdown}: its addresses have
   * gone in order, its services end, and that is no failure of the leader's takeover run.
   */
  public void ipReallocated(IntConsumer status) {
    if (shutsDown()) {
      status.accept(OK);
      return;
    }
    ports
        .events()
        .run(
            "ipreallocated",
            List.of(),
            result -> {
              ports.listener().reallocated();
              status.accept(shutsDown() ? OK : result);
            });
  }

  private boolean shutsDown() {
    return ports.ownState().get().runState() == RunState.SHUTDOWN;
  }

  /** SEND_GRATUITOUS_ARP: three times, a second apart. */
  public void announce(InetAddress address, String interfaceName) {
    announcements.start(address, interfaceName, Duration.ofSeconds(1), List.of());
  }

  /** Checks every second from now on that what should be here is here, and nothing else. */
  public void startChecks() {
    ports
        .scheduler()
        .after(
            Duration.ofSeconds(1),
            () -> {
              checkNow();
              connections.keep();
              startChecks();
            });
  }

  /**
   * One check (3.8): mends what differs from what the kernel has, and asks for a takeover run if
   * something else is amiss.
   *
   * <p>ctdbd leaves the mending to the leader. It needs none: the leader gives an address to nobody
   * else before its recorded holder has released it or has lost its lease.
   */
  public void checkNow() {
    if (table.isEmpty()) {
      return;
    }
    try {
      List<NetworkLink> links = ports.kernel().links();
      lookAtLinks(links);
      Map<InetAddress, List<LinkAddress>> present = new HashMap<>();
      for (LinkAddress found : ports.kernel().list()) {
        present.computeIfAbsent(found.address(), a -> new ArrayList<>()).add(found);
      }
      Map<Integer, String> names = new HashMap<>();
      links.forEach(link -> names.put(link.index(), link.name()));
      for (LocalAddress entry : List.copyOf(table.values())) {
        List<LinkAddress> found = present.getOrDefault(entry.address(), List.of());
        mend(entry, !found.isEmpty());
        mendInterface(entry, found, names);
      }
    } catch (IOException e) {
      LOG.error("Cannot check the public addresses: {}", e.getMessage());
    }
    check.run(
        table.values(), entry -> isAvailable(entry) && !entry.changing, interfaces.snapshot());
  }

  private void mend(LocalAddress entry, boolean here) {
    if (entry.changing) {
      return;
    }
    if (entry.holder != self && here) {
      LOG.warn("Public address {} is on this node and should not be: removing it", entry.text());
      release(entry, entry.holder, status -> {});
    } else if (entry.holder == self
        && !here
        && ports.ownState().get().mayHost()
        && ports.keeper().mayTake()) {
      LOG.warn("Public address {} has vanished from this node: putting it back", entry.text());
      entry.putBacks++;
      history.note(entry.address(), "had vanished from its interface");
      take(
          entry,
          status -> {
            if (status != OK) {
              gone(entry, SpecialPnn.UNKNOWN);
              ports.listener().takeoverRunWanted(entry.text() + " cannot be put back here");
            }
          });
    }
  }

  /** An address that is here, but not where it should be, or there and elsewhere, too. */
  private void mendInterface(
      LocalAddress entry, List<LinkAddress> found, Map<Integer, String> names) {
    String right = entry.interfaceName;
    if (entry.changing || entry.holder != self || right == null || found.isEmpty()) {
      return;
    }
    List<LinkAddress> wrong =
        found.stream().filter(one -> !right.equals(names.get(one.interfaceIndex()))).toList();
    if (wrong.isEmpty()) {
      return;
    }
    String where = names.getOrDefault(wrong.getFirst().interfaceIndex(), "an unknown interface");
    history.note(entry.address(), "was found on " + where + " and belongs on " + right);
    if (wrong.size() == found.size()) {
      LOG.warn("Public address {} is on {}: moving it to {}", entry.text(), where, right);
      move(entry, where, right, status -> {});
      return;
    }
    LOG.warn("Public address {} is on {}, too: removing it there", entry.text(), where);
    for (LinkAddress one : wrong) {
      try {
        ports.kernel().delete(one);
      } catch (IOException e) {
        LOG.error("A public address cannot be removed: {}", e.getMessage());
      }
    }
  }

  /** What has been done with each address, in the order in which they were created. */
  public List<AddressFigures> figures() {
    return table.values().stream()
        .map(
            entry ->
                new AddressFigures(
                    entry.address(),
                    entry.holder,
                    entry.takes,
                    entry.releases,
                    entry.refusals,
                    entry.putBacks,
                    entry.lastTake))
        .toList();
  }

  /** Goes on with the history that an earlier life of this daemon has left. */
  public void continueHistory(AddressDiary diary) {
    history.continueIn(diary);
  }

  private boolean isAvailable(LocalAddress entry) {
    return ports.ownState().get().mayHost()
        && !entry.deleting
        && !isNews(entry)
        && interfaces.anyUp(entry.configured.interfaces());
  }

  /** Whether a leader may give it to another node without asking this one. */
  private boolean isNews(LocalAddress entry) {
    return entry.holder != self && !published.mayTake(entry.address());
  }

  private static PublicIp publicIp(LocalAddress entry) {
    return new PublicIp(entry.holder, new SockAddr(entry.address(), 0));
  }

  private int references(String interfaceName) {
    int references = 0;
    for (LocalAddress entry : table.values()) {
      if (interfaceName.equals(entry.interfaceName)) {
        references++;
      }
    }
    return references;
  }

  /** Empty if the kernel cannot say. */
  private Optional<Boolean> isPresent(LocalAddress entry) {
    try {
      return Optional.of(!ports.kernel().find(entry.address()).isEmpty());
    } catch (IOException e) {
      LOG.error("Cannot tell whether {} is on this node: {}", entry.text(), e.getMessage());
      return Optional.empty();
    }
  }
}
