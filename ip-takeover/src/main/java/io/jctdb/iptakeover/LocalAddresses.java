package io.jctdb.iptakeover;

import io.jctdb.linux.NetworkLink;
import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public addresses of this node: its own list, which of them are here, on which interface, and
 * who is believed to have the others (cluster-and-failover.md 3.2, 3.6, 3.9). This is the door; the
 * rooms behind it, each of which knows only those before it:
 *
 * <pre>
 *   LocalTable, LocalAddress          what is recorded of each address
 *   PresentAddresses                  what the kernel has of them
 *   LocalInterfaces                   where an address can be
 *   Announcements, TcpConnections     who hears of them, and who talks to them
 *   PublishedList, ListChanges        which there are
 *   Availability                      which could be hosted here
 *   AddressAnswers, Offers            what a leader and tools are told
 *   Whereabouts, Arrivals             what is recorded and told when one comes or goes
 *   Releasing, Moving, Taking         the three changes of an address, each around an event script
 *   LeaderOrders                      when the leader wants one of them
 *   LinkWatch, Mending, AddressCheck  when the kernel differs from what is recorded
 * </pre>
 *
 * <p>The leader decides where an address is; this node carries it out, one change of an address at
 * a time; what is asked for meanwhile waits.
 *
 * <p>Threading: owner thread, for all of these; what they are called back with (statuses of events,
 * timers) comes on it, too. Only {@link AddressLeases} works on another one, which renews
 * lifetimes; the way to it is {@link AddressKeeper}, and whoever gives an address up has it let go
 * first.
 */
public final class LocalAddresses {
  private static final Logger LOG = LoggerFactory.getLogger(LocalAddresses.class);
  private static final Duration CHECK_PAUSE = Duration.ofSeconds(1);

  private final AddressPorts ports;
  private final AddressHistory history;
  private final LocalTable table;
  private final LocalInterfaces interfaces;
  private final Announcements announcements;
  private final TcpConnections connections;
  private final PublishedList published;
  private final ListChanges list;
  private final Availability availability;
  private final AddressAnswers answers;
  private final Offers offers;
  private final Releasing releasing;
  private final LeaderOrders orders;
  private final LinkWatch links;
  private final Mending mending;
  private final AddressCheck check;

  public LocalAddresses(int self, AddressPorts ports, List<PublicAddress> configured) {
    this.ports = ports;
    this.history = new AddressHistory(ports.scheduler(), false);
    this.table = new LocalTable(self, history);
    this.interfaces = new LocalInterfaces(table::countOn, ports.scheduler());
    this.announcements = new Announcements(ports.announcements(), ports.scheduler());
    this.connections = new TcpConnections(table, announcements, ports.listener());
    this.published = new PublishedList(self, table::addresses, ports.scheduler(), ports.listener());
    this.list = new ListChanges(table, ports, interfaces, connections, published);
    this.availability = new Availability(ports, interfaces, published);
    PresentAddresses present = new PresentAddresses(ports.kernel());
    this.answers = new AddressAnswers(self, table, present, interfaces, availability, history);
    this.offers = new Offers(ports);
    Whereabouts whereabouts = new Whereabouts(self, ports, announcements, connections, list);
    Arrivals arrivals = new Arrivals(table, ports.scheduler(), present, announcements);
    this.releasing = new Releasing(table, ports, present, whereabouts);
    Moving moving = new Moving(ports, interfaces, whereabouts, releasing);
    Taking taking = new Taking(ports, interfaces, present, arrivals, whereabouts, releasing);
    this.orders =
        new LeaderOrders(
            self, table, ports, present, interfaces, availability, taking, moving, releasing);
    this.links = new LinkWatch(table, interfaces, ports);
    this.mending = new Mending(table, ports, taking, moving, releasing, whereabouts);
    this.check = new AddressCheck(ports);
    configured.forEach(list::create);
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
      offers.asked();
    }
    return answers.publicIps(onlyAvailable);
  }

  /** The state of this node may be another one now: a leader may have asked too early. */
  public void stateChanged() {
    offers.stateChanged();
  }

  /** GET_PUBLIC_IP_INFO; empty if this node does not know the address. */
  public Optional<PublicIpInfo> info(InetAddress address) {
    return answers.info(address);
  }

  /**
   * What this node can tell of an address.
   *
   * @param decisions of the leader, if this node is the leader
   */
  public AddressStory story(
      InetAddress address, boolean leader, List<AddressStory.Event> decisions) {
    return answers.story(address, leader, decisions);
  }

  /** GET_IFACES: last created first. */
  public List<Interface> interfaces() {
    return interfaces.describeAll();
  }

  /** Whether the address is in this node's list. */
  public boolean isPublic(InetAddress address) {
    return table.isPublic(address);
  }

  /** Whether this node is the recorded holder. */
  public boolean isHere(InetAddress address) {
    return table.isHere(address);
  }

  /** How many addresses this node is the recorded holder of. */
  public int heldCount() {
    return table.held().size();
  }

  /** Whether no public address is on this node, and none is coming. */
  public boolean hasNothing() {
    return answers.hasNothing();
  }

  /** What has been done with each address, in the order in which they were created. */
  public List<AddressFigures> figures() {
    return table.entries().stream().map(LocalAddress::figures).toList();
  }

  /** Goes on with the history that an earlier life of this daemon has left. */
  public void continueHistory(AddressDiary diary) {
    history.continueIn(diary);
  }

  // Changes of the list and of the interfaces.

  /** SET_IFACE_LINK_STATE. */
  public int setLinkState(Interface state) {
    return links.reported(state);
  }

  /** ADD_PUBLIC_IP. */
  public int add(AddressInfo info) {
    return list.add(info);
  }

  /** DEL_PUBLIC_IP: at once, or when it is next released if it is here. */
  public int delete(InetAddress address) {
    return list.delete(address);
  }

  /** RELOAD_PUBLIC_IPS: what the file has gained is added, what it has lost is deleted. */
  public void reload(List<PublicAddress> file) {
    list.reload(file);
  }

  // The leader's orders.

  /** START_IPREALLOCATE: addresses are about to move somewhere. */
  public void startIpReallocate(IntConsumer status) {
    orders.startIpReallocate(status);
  }

  /** RELEASE_IP; the request's pnn is the new holder. */
  public void releaseIp(PublicIp request, IntConsumer status) {
    orders.releaseIp(request, status);
  }

  /** TAKEOVER_IP. */
  public void takeoverIp(PublicIp request, IntConsumer status) {
    orders.takeoverIp(request, status);
  }

  /** IPREALLOCATED: a takeover run is over. */
  public void ipReallocated(IntConsumer status) {
    orders.ipReallocated(status);
  }

  /** SEND_GRATUITOUS_ARP: three times, a second apart. */
  public void announce(InetAddress address, String interfaceName) {
    announcements.start(address, interfaceName, Duration.ofSeconds(1), List.of());
  }

  /** The databases are ready in a new epoch: takes what has waited for that. */
  public void recoveryFinished() {
    orders.recoveryFinished();
  }

  // Giving everything up.

  /**
   * Releases every address that is here, with events: this node is being stopped, banned or shut
   * down. Also those that are just being taken.
   *
   * @param done runs when all are gone, or have turned out to be impossible to remove
   */
  public void releaseAll(Runnable done) {
    releasing.releaseAll(done);
  }

  /** Fencing: removes every address from the kernel now; no event runs, nothing is waited for. */
  public void dropAllNow() {
    releasing.dropAllNow();
  }

  // Checks.

  /** Checks every second from now on that what should be here is here, and nothing else. */
  public void startChecks() {
    ports
        .scheduler()
        .after(
            CHECK_PAUSE,
            () -> {
              checkNow();
              connections.keep();
              startChecks();
            });
  }

  /**
   * One check (3.8): mends what differs from what the kernel has, and asks for a takeover run if
   * something else is amiss.
   */
  public void checkNow() {
    if (table.isEmpty()) {
      return;
    }
    try {
      List<NetworkLink> found = ports.kernel().links();
      links.look(found);
      mending.mend(found);
    } catch (IOException e) {
      LOG.error("Cannot check the public addresses: {}", e.getMessage());
    }
    check.run(
        table.entries(),
        entry -> availability.of(entry) && !entry.isChanging(),
        interfaces.snapshot());
  }
}
