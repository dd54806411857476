package io.jctdb.daemon.addresses;

import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.daemon.client.ClientRegistry;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.daemon.config.Tunable;
import io.jctdb.daemon.config.Tunables;
import io.jctdb.daemon.control.ControlBroadcast;
import io.jctdb.daemon.control.ControlReply;
import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.daemon.control.RemoteControls;
import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.message.NodePort;
import io.jctdb.iptakeover.AddressControls;
import io.jctdb.iptakeover.AddressDiary;
import io.jctdb.iptakeover.AddressEvents;
import io.jctdb.iptakeover.AddressPorts;
import io.jctdb.iptakeover.AllocationAlgorithm;
import io.jctdb.iptakeover.ConnectionKeeper;
import io.jctdb.iptakeover.Drain;
import io.jctdb.iptakeover.EndingClients;
import io.jctdb.iptakeover.HomeNodesFile;
import io.jctdb.iptakeover.LocalAddresses;
import io.jctdb.iptakeover.NodeControls;
import io.jctdb.iptakeover.OwnState;
import io.jctdb.iptakeover.PublicAddress;
import io.jctdb.iptakeover.PublicAddressesException;
import io.jctdb.iptakeover.PublicAddressesFile;
import io.jctdb.iptakeover.TakeoverRuns;
import io.jctdb.iptakeover.TakeoverSettings;
import io.jctdb.linux.BootClock;
import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.Srvid;
import io.jctdb.recovery.ClusterMembership;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public addresses of this node and, while it leads, their distribution over all: connects the
 * state machines of {@code io.jctdb.iptakeover} with the daemon. Owner thread only, except where
 * said.
 */
public final class Addresses implements ControlTable.Group {
  private static final Logger log = LoggerFactory.getLogger(Addresses.class);
  private static final List<Control> CONTROLS =
      List.of(
          Control.GET_PUBLIC_IPS,
          Control.GET_PUBLIC_IP_INFO,
          Control.GET_IFACES,
          Control.SET_IFACE_LINK_STATE,
          Control.ADD_PUBLIC_IP,
          Control.DEL_PUBLIC_IP,
          Control.RELOAD_PUBLIC_IPS,
          Control.RELEASE_IP,
          Control.TAKEOVER_IP,
          Control.START_IPREALLOCATE,
          Control.IPREALLOCATED,
          Control.SEND_GRATUITOUS_ARP,
          Control.TCP_CLIENT,
          Control.TCP_ADD,
          Control.TCP_ADD_DELAYED_UPDATE,
          Control.TCP_REMOVE,
          Control.GET_TCP_TICKLE_LIST,
          Control.SET_TCP_TICKLE_LIST,
          Control.TCP_CLIENT_DISCONNECTED,
          Control.TCP_CLIENT_PASSED);
  private static final List<Long> MESSAGES =
      List.of(
          Srvid.TAKEOVER_RUN,
          Srvid.REBALANCE_NODE,
          Srvid.DISABLE_TAKEOVER_RUNS,
          Srvid.DISABLE_IP_CHECK);

  private final NodePort port;
  private final ClusterView cluster;
  private final NodeLife life;
  private final Tunables tunables;
  private final boolean failoverDisabled;
  private final Path file;
  private final MessageRouter router;
  private final RemoteControls remote;
  private final ControlTable controls;
  private final KernelAccess kernel;
  private final LocalAddresses local;
  private final AddressControls addressControls;
  private final TakeoverRuns runs;
  private final Drain drain;
  private @Nullable ClusterMembership membership;
  private String lastState = "";
  private final Map<Integer, Integer> lastFlags = new HashMap<>();

  /**
   * @param file {@code public_addresses}; {@code home_nodes} is beside it
   * @param diary where what happens to the addresses is kept over restarts
   * @param connections where their clients are kept over restarts
   * @param leaseNanosLeft how long this node may still act as a member; asked from any thread
   * @throws PublicAddressesException the file cannot be used
   * @throws IOException the kernel does not let us manage addresses
   */
  public Addresses(
      NodePort port,
      ClusterView cluster,
      NodeLife life,
      Tunables tunables,
      boolean failoverDisabled,
      Path file,
      MessageRouter router,
      RemoteControls remote,
      ControlBroadcast broadcast,
      ControlTable controls,
      AddressEvents events,
      AddressDiary diary,
      ConnectionKeeper connections,
      LongSupplier leaseNanosLeft)
      throws PublicAddressesException, IOException {
    this.port = port;
    this.cluster = cluster;
    this.life = life;
    this.tunables = tunables;
    this.failoverDisabled = failoverDisabled;
    this.file = file;
    this.router = router;
    this.remote = remote;
    this.controls = controls;
    Optional<List<PublicAddress>> configured =
        failoverDisabled ? Optional.of(List.of()) : read(file);
    if (configured.isEmpty()) {
      log.warn("{}: no such file: this node has no public addresses", file);
    }
    List<PublicAddress> list = configured.orElse(List.of());
    this.kernel = new KernelAccess(leaseNanosLeft, () -> port.after(0, Addresses.this::checkNow));
    if (!list.isEmpty()) {
      kernel.open();
    }
    AddressNews news =
        new AddressNews(
            port, cluster, router, broadcast, () -> tunables.on(Tunable.ENABLE_BANS), this::call);
    PortScheduler scheduler = new PortScheduler(port);
    this.runs =
        new TakeoverRuns(
            port.self(),
            leaderControls(),
            scheduler,
            this::nanosUntilSafe,
            this::nodesThatMayHold,
            this::settings,
            news);
    this.local =
        new LocalAddresses(
            port.self(),
            new AddressPorts(
                kernel, kernel, events, kernel, scheduler, news, this::ownState, runs::isDisabled),
            list);
    runs.continueHistory(diary);
    local.continueHistory(diary);
    local.connections().continueWith(connections);
    this.drain =
        new Drain(
            local,
            scheduler,
            () -> cluster.leader().isPresent(),
            () -> news.takeoverRunWanted("this node goes out of service"));
    this.addressControls = new AddressControls(local, () -> read(file));
  }

  private static Optional<List<PublicAddress>> read(Path file) throws PublicAddressesException {
    return PublicAddressesFile.read(file, Addresses::interfaceExists);
  }

  private static boolean interfaceExists(String name) {
    try {
      return NetworkInterface.getByName(name) != null;
    } catch (SocketException e) {
      return false;
    }
  }

  @Override
  public void enter(ControlTable table) {
    CONTROLS.forEach(control -> table.on(control, request -> handle(control, request)));
    table.on(Control.ADDRESS_STORY, this::tellStory);
    table.on(Control.HOSTABLE_ADDRESSES, this::heedList);
    table.on(
        Control.STARTUP,
        request -> {
          Payload.expectEmpty(request.data());
          local.connections().distributeAll();
          request.reply().ok();
        });
  }

  private void tellStory(ControlRequest request) {
    InetAddress address = SockAddr.decode(request.data()).address();
    AddressStory story = local.story(address, cluster.isLeader(), runs.decisions(address));
    request.reply().send(0, story.encode(), "");
  }

  private void heedList(ControlRequest request) {
    if (request.client() != null) {
      request.reply().fail();
      return;
    }
    runs.hostableAddresses(
        HostableAddresses.decode(request.data()), status -> request.reply().status(status));
  }

  /**
   * What the addresses have to do with epochs: which lists of remote nodes count, and when this
   * node, if it is remote, tells its own.
   *
   * @param ownLife incarnation of this node
   */
  public EpochListener epochs(LongSupplier ownLife) {
    return new EpochListener() {
      @Override
      public void livesPromised(Epoch next, SortedMap<Integer, Long> lives) {
        runs.livesPromised(next.members(), lives);
      }

      @Override
      public void epochPromised(long next) {}

      @Override
      public void epochStarted(Epoch epoch) {
        if (epoch.followers().contains(port.self())) {
          local.published().begin(Addresses.this::call, ownLife.getAsLong(), epoch.voters());
        } else {
          local.published().end();
        }
      }

      @Override
      public void leftCluster() {
        runs.leftCluster();
        local.published().end();
      }
    };
  }

  private void handle(Control control, ControlRequest request) {
    ClientConnection client = request.client();
    long term = client == null && request.srvid() > 0 ? request.srvid() : AddressControls.NO_TERM;
    addressControls.handle(
        control,
        request.flags(),
        request.data(),
        client == null ? 0 : client.id(),
        term,
        (status, data) -> request.reply().send(status, data, ""));
  }

  /** Begins to act: checks, distribution of connections, takeover runs. */
  public void start(ClusterMembership clusterMembership) {
    membership = clusterMembership;
    MESSAGES.forEach(srvid -> router.register(srvid, runs::onMessage));
    local.startChecks();
    distributeConnections();
  }

  private void distributeConnections() {
    local.connections().distribute();
    port.after(
        Math.max(1_000_000_000L, tunables.duration(Tunable.TICKLE_UPDATE_INTERVAL).toNanos()),
        this::distributeConnections);
  }

  private OwnState ownState() {
    int flags = cluster.ownFlags();
    return new OwnState(
        life.runState(), drain.isActive() ? flags | NodeFlags.STOPPED : flags, life.isRecovering());
  }

  /** Moves or releases every public address held here, in good order; then {@code done}. */
  public void drain(Runnable done) {
    drain.start(done);
  }

  /**
   * Waits for local processes that serve public addresses, when these leave.
   *
   * @param clients who is connected to the daemon
   */
  public EndingClients endingClients(ClientRegistry clients) {
    return new EndingClients(
        () -> clients.processesOf(local.connections().clients()),
        pid -> clients.newestOf(pid) != null,
        new PortScheduler(port));
  }

  /** Every database is usable in the present epoch. */
  public void recoveryFinished() {
    local.recoveryFinished();
  }

  /** There is a link to a node, which knows nothing of the connections here. */
  public void linkUp(int pnn) {
    local.connections().distributeAll();
    local.published().linkUp(pnn);
  }

  /** Nodes, their flags, the leader or the epoch have changed. */
  public void clusterChanged() {
    if (cluster.epoch() != null && !cluster.isInactive()) {
      drain.end();
    }
    if (cluster.epoch() == null) {
      addressControls.forgetTerms();
    }
    local.stateChanged();
    runs.setLeader(cluster.leader());
    runs.nodesChanged();
    String state = cluster.leader() + " " + cluster.generation() + " " + cluster.nodeMap().nodes();
    if (!state.equals(lastState)) {
      lastState = state;
      if (cluster.isLeader() && cluster.epoch() != null && !life.isRecovering()) {
        runs.requestUrgently(changeOfState());
      } else {
        lastState = "";
      }
    }
  }

  /** What has been done with the addresses since the start. */
  public AddressMeters meters() {
    return new AddressMeters(local.figures(), runs.figures());
  }

  /** Every public address known here, with its holder. */
  public List<PublicIp> known() {
    return local.publicIps(false);
  }

  /** What has changed since the last time this was asked, for people to read. */
  private String changeOfState() {
    List<String> changes = new ArrayList<>();
    for (NodeMap.Node node : cluster.nodeMap().nodes()) {
      Integer before = lastFlags.put(node.pnn(), node.flags());
      if (before != null && before != node.flags()) {
        changes.add("node " + node.pnn() + " is " + NodeFlags.toString(node.flags()));
      }
    }
    return changes.isEmpty() ? "the cluster has changed" : String.join(", ", changes);
  }

  public void clientGone(ClientConnection client) {
    local.connections().clientGone(client.id());
  }

  private void checkNow() {
    local.checkNow();
  }

  /** Removes every public address held here, now and without scripts. */
  public void dropAll() {
    local.dropAllNow();
  }

  /** Any thread. Stops renewing; what is still held goes when its lifetime is over. */
  public void close() {
    kernel.close();
  }

  // --- the leader's side -------------------------------------------------------------------------

  private TakeoverSettings settings() {
    return new TakeoverSettings(
        AllocationAlgorithm.ofTunable((int) tunables.get(Tunable.IP_ALLOC_ALGORITHM)),
        tunables.on(Tunable.NO_IP_FAILBACK),
        tunables.on(Tunable.NO_IP_TAKEOVER),
        tunables.duration(Tunable.TAKEOVER_TIMEOUT),
        failoverDisabled,
        homeNodes());
  }

  /** Read anew for each run that needs it: it is small, and the deterministic algorithm is rare. */
  private Map<InetAddress, Integer> homeNodes() {
    if (tunables.get(Tunable.IP_ALLOC_ALGORITHM) != 0) {
      return Map.of();
    }
    try {
      return HomeNodesFile.read(file.resolveSibling("home_nodes"));
    } catch (PublicAddressesException e) {
      log.error("No address has a home node: {}", e.getMessage());
      return Map.of();
    }
  }

  /**
   * A node that is not (yet) a member of the epoch is to the addresses as if it were stopped: it
   * has no lease with which it could hold one, and would only refuse it.
   */
  private NodeMap nodesThatMayHold() {
    Epoch epoch = cluster.epoch();
    return new NodeMap(
        cluster.nodeMap().nodes().stream()
            .map(
                node ->
                    epoch == null || epoch.hasMember(node.pnn())
                        ? node
                        : new NodeMap.Node(
                            node.pnn(), node.flags() | NodeFlags.STOPPED, node.address()))
            .toList());
  }

  private long nanosUntilSafe(int pnn) {
    if (membership == null) {
      return Long.MAX_VALUE;
    }
    long safeAfter = membership.safeAfterNanos(pnn);
    if (safeAfter == Long.MIN_VALUE || safeAfter == Long.MAX_VALUE) {
      return safeAfter == Long.MIN_VALUE ? 0 : Long.MAX_VALUE;
    }
    return Math.max(0, safeAfter - BootClock.nanos());
  }

  /** What a leader tells nodes has its term in the field that these controls make no use of. */
  private NodeControls leaderControls() {
    return new NodeControls() {
      @Override
      public void call(int pnn, Control control, int flags, byte[] data, Answer answer) {
        Addresses.this.call(AddressControls.NO_TERM, pnn, control, flags, data, answer);
      }

      @Override
      public NodeControls ofPresentTerm() {
        long term = membership == null ? AddressControls.NO_TERM : membership.term();
        return (pnn, control, flags, data, answer) ->
            Addresses.this.call(term, pnn, control, flags, data, answer);
      }
    };
  }

  private void call(int pnn, Control control, int flags, byte[] data, NodeControls.Answer answer) {
    call(AddressControls.NO_TERM, pnn, control, flags, data, answer);
  }

  private void call(
      long term, int pnn, Control control, int flags, byte[] data, NodeControls.Answer answer) {
    ControlReply reply = (status, result, error) -> answer.take(status, result);
    if (pnn == port.self()) {
      controls.execute(new ControlRequest(control.opcode(), term, flags, data, null, reply));
    } else if (cluster.isConnected(pnn)) {
      remote.call(pnn, control.opcode(), term, flags, data, reply);
    } else {
      reply.fail();
    }
  }
}
