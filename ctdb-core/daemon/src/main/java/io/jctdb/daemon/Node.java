package io.jctdb.daemon;

import io.jctdb.daemon.addresses.AddressDiaryFile;
import io.jctdb.daemon.addresses.Addresses;
import io.jctdb.daemon.addresses.ConnectionsFile;
import io.jctdb.daemon.addresses.HeldAddresses;
import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.ChangeCounters;
import io.jctdb.daemon.catalog.CopyHealth;
import io.jctdb.daemon.catalog.CopyReplacement;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.catalog.SetAsideCopies;
import io.jctdb.daemon.catalog.SlowRecords;
import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.daemon.client.ClientRegistry;
import io.jctdb.daemon.client.ClientServer;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterNode;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.LeaderAnnouncer;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.daemon.cluster.SilentMembers;
import io.jctdb.daemon.config.CtdbConf;
import io.jctdb.daemon.config.Paths;
import io.jctdb.daemon.config.Tunable;
import io.jctdb.daemon.config.Tunables;
import io.jctdb.daemon.control.AttachGate;
import io.jctdb.daemon.control.ClusterControls;
import io.jctdb.daemon.control.ControlBroadcast;
import io.jctdb.daemon.control.ControlReply;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.daemon.control.DatabaseControls;
import io.jctdb.daemon.control.IdentityControls;
import io.jctdb.daemon.control.RegistrationControls;
import io.jctdb.daemon.control.RemoteControls;
import io.jctdb.daemon.control.RestoreControls;
import io.jctdb.daemon.control.TraverseControls;
import io.jctdb.daemon.control.TunableControls;
import io.jctdb.daemon.control.Tunnels;
import io.jctdb.daemon.lifecycle.BehindBans;
import io.jctdb.daemon.lifecycle.ClusterMember;
import io.jctdb.daemon.lifecycle.EnsembleWatch;
import io.jctdb.daemon.lifecycle.EpochNews;
import io.jctdb.daemon.lifecycle.Events;
import io.jctdb.daemon.lifecycle.FencingHistory;
import io.jctdb.daemon.lifecycle.HealthMonitor;
import io.jctdb.daemon.lifecycle.Lifecycle;
import io.jctdb.daemon.lifecycle.NodeStates;
import io.jctdb.daemon.lifecycle.VolatileStores;
import io.jctdb.daemon.metrics.MetricsServer;
import io.jctdb.daemon.metrics.NodeStatus;
import io.jctdb.daemon.metrics.StatusLines;
import io.jctdb.daemon.will.WillFile;
import io.jctdb.daemon.will.WillListener;
import io.jctdb.database.Epoch;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.database.epoch.EpochCoordinator;
import io.jctdb.database.epoch.EpochParticipant;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.database.record.RecordTunables;
import io.jctdb.database.traverse.TraverseEngine;
import io.jctdb.eventscripts.BoundServices;
import io.jctdb.eventscripts.EventRunner;
import io.jctdb.eventscripts.EventServer;
import io.jctdb.eventscripts.Notifier;
import io.jctdb.iptakeover.EndingClients;
import io.jctdb.iptakeover.PublicAddressesException;
import io.jctdb.linux.BootClock;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseId;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.Srvid;
import io.jctdb.recovery.ClusterMembership;
import io.jctdb.recovery.Ensemble;
import io.jctdb.recovery.EnsembleRecord;
import io.jctdb.recovery.QuorumWitness;
import io.jctdb.wanlink.LinkConfig;
import io.jctdb.wanlink.LinkException;
import io.jctdb.wanlink.LinkManager;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: builds the parts of one node and connects them. No decisions are taken
 * here.
 *
 * <p>Threading: built, opened, started and closed on the main thread; everything built lives on the
 * owner thread, the event loop.
 */
final class Node implements ClusterMember.Actions {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long EPOCH_RESEND = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long EPOCH_SILENCE = TimeUnit.MILLISECONDS.toNanos(1_500);

  /** What the locks of transactions are kept in (client-protocol.md 3.7). */
  private static final int LOCKS = DatabaseId.of("g_lock.tdb");

  /**
   * Longer than what a line of a second round trip takes to catch up after a lost segment; shorter
   * than what an administrator takes for a hang. Then the transaction may be refused, as it would
   * have been without the pause.
   */
  private static final Duration LOCK_BEHIND_COMMITS = Duration.ofSeconds(3);

  /** Rather a node that dies, and is wound up by its launcher, than one that serves rubbish. */
  private static final long START_ANEW_LIMIT = TimeUnit.SECONDS.toNanos(20);

  /** A link to a node that runs is up after half a second. */
  private static final long SETTLE_LIMIT = TimeUnit.SECONDS.toNanos(2);

  private static final long SETTLE_LOOK = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long SET_ASIDE_LOOK = TimeUnit.SECONDS.toNanos(15);
  private static final long SHUTDOWN_LIMIT = TimeUnit.SECONDS.toNanos(60);

  private final EventLoop loop;
  private final NodePlan plan;
  private final Paths paths;
  private final CtdbConf conf;
  private final Tunables tunables;
  private final WillFile will;
  private final Consumer<Optional<String>> finish;
  private final NodeSettings settings;

  private final DaemonStatistics statistics = new DaemonStatistics();
  private final NodeLife life = new NodeLife();
  private final EpochNews news = new EpochNews();
  private final FailStop failStop =
      new FailStop(Runtime.getRuntime()::halt, () -> life.runState() == RunState.SHUTDOWN);
  private final ClientRegistry clients = new ClientRegistry();
  private final EndingClients endingClients;
  private final MessageRouter router = new MessageRouter();
  private final Tunnels tunnels = new Tunnels();
  private final ClusterView cluster;
  private final LinkManager links;
  private final LinkControls linkControls;
  private final LoopNodePort port;
  private final DatabaseCatalog catalog;
  private final SetAsideCopies setAside;
  private final CopyReplacement replacement;
  private final ChangeCounters counters;
  private final RecordEngine records;
  private final CommitEngine commits;
  private final TraverseEngine traverses;
  private final EpochParticipant participant;
  private final EpochCoordinator coordinator;
  private final RemoteControls remote;
  private final ControlTable controls = new ControlTable();
  private final ControlBroadcast broadcast;
  private final VolatileStores volatileStores;
  private final EnsembleWatch ensembles;
  private final ClusterMember member;
  private final SilentMembers silentMembers;
  private final LeaderAnnouncer announcer;
  private final NodeMessages messages;
  private final AttachGate gate;
  private final EventRunner eventRunner;
  private final Events events;
  private final AddressDiaryFile addressDiary;
  private final ConnectionsFile connectionsFile;
  private final Addresses addresses;
  private final TraverseControls traverseControls;
  private final RestoreControls restores;
  private final ClientRequests requests;
  private @Nullable EventServer eventServer;
  private @Nullable ClientServer server;
  private @Nullable ClusterMembership membership;
  private @Nullable Lifecycle lifecycle;
  private final BehindBans behindBans = new BehindBans();
  private final FencingHistory history = new FencingHistory(BootClock::nanos);
  private @Nullable MetricsServer metrics;
  private @Nullable Channel willListener;

  /**
   * @param will not yet written
   * @param finish ends the daemon; with a message if something failed
   */
  Node(
      EventLoop loop,
      NodePlan plan,
      Paths paths,
      CtdbConf conf,
      Tunables tunables,
      WillFile will,
      Consumer<Optional<String>> finish)
      throws IOException, PublicAddressesException {
    this.loop = loop;
    Executor owner = failStop.guarded((Executor) loop);
    this.plan = plan;
    this.paths = paths;
    this.conf = conf;
    this.tunables = tunables;
    this.will = will;
    this.finish = finish;
    this.settings = new NodeSettings(paths, conf, plan);
    this.cluster = new ClusterView(plan.self(), plan.port(), plan.nodes(), settings.startFlags());
    this.links =
        new LinkManager(
            loop,
            LinkConfig.of(
                    plan.self(),
                    ThreadLocalRandom.current().nextLong(),
                    NodePlan.peers(plan.nodes(), plan.port()),
                    settings.linkSecurity())
                .withWideArea(settings.wideArea()),
            new NodeLinks(this::linkUp, this::linkDown, (m, pnn) -> receive(pnn, m)));
    this.linkControls =
        new LinkControls(
            settings.wideArea(),
            conf.jctdb().site().main(),
            links.backlogLimitBytes(),
            links::status);
    this.port =
        new LoopNodePort(
            loop,
            failStop,
            plan.self(),
            (frame, pnn) -> {
              statistics.nodeMessageSent();
              links.send(pnn, frame);
            },
            (frame, pnn) -> {
              statistics.nodeMessageSent();
              links.sendAhead(pnn, frame);
            },
            this::receive);
    this.catalog =
        DatabaseCatalog.onTdb(
            plan.self(),
            conf.database(),
            tunables,
            loop,
            !NodePlan.others(plan.self(), plan.nodes()).isEmpty());
    this.setAside = new SetAsideCopies(conf.database().persistentDirectory(), plan.self());
    this.replacement =
        new CopyReplacement(this::othersServe, setAside, Clock.systemUTC(), this::startAnew);
    catalog.onDamage(replacement);
    this.records = new RecordEngine(port, catalog, RecordTunables.DEFAULT);
    long firstNumber = System.currentTimeMillis() << 20;
    this.commits =
        new CommitEngine(port, catalog, firstNumber, () -> nanos(Tunable.CONTROL_TIMEOUT));
    records.keepBehindCommits(LOCKS, commits, LOCK_BEHIND_COMMITS.toNanos());
    this.traverses =
        new TraverseEngine(
            port,
            catalog,
            records.remoteOwners(),
            firstNumber,
            () -> nanos(Tunable.TRAVERSE_TIMEOUT));
    this.remote =
        new RemoteControls(port, () -> nanos(Tunable.CONTROL_TIMEOUT), links::isLineQuiet);
    this.broadcast = new ControlBroadcast(cluster, remote);
    this.counters =
        new ChangeCounters(
            port, () -> nanos(Tunable.SEQNUM_INTERVAL), broadcast::sequenceNumberChanged);
    this.volatileStores = new VolatileStores(port, catalog::volatileStores);
    this.participant = new EpochParticipant(port, this::excluded);
    this.coordinator = new EpochCoordinator(port, EPOCH_RESEND, EPOCH_SILENCE);
    EnsembleRecord disk = settings.ensembleRecord();
    this.ensembles =
        new EnsembleWatch(
            disk,
            settings.ensembleByFile(plan.nodes()),
            settings.recordedEnsemble(disk),
            port::nowNanos,
            new AroundEnsembles());
    this.member =
        new ClusterMember(
            owner,
            cluster,
            participant,
            coordinator,
            volatileStores,
            settings.leaseGuard(),
            history,
            ensembles,
            this);
    this.silentMembers = new SilentMembers(cluster, this::newEpoch);
    records.onSetAside(silentMembers);
    records.onDelegation(statistics);
    records.onLatency(
        new SlowRecords(() -> tunables.get(Tunable.LOG_LATENCY_MS), this::databaseName));
    this.announcer = new LeaderAnnouncer(port, cluster, router);
    this.gate =
        new AttachGate(
            cluster,
            life,
            port,
            () -> tunables.on(Tunable.ALLOW_CLIENT_DB_ATTACH),
            () -> (int) tunables.get(Tunable.DEFERRED_ATTACH_TIMEOUT));
    this.eventRunner = settings.eventRunner(this::leaseNanosLeft);
    this.events =
        new Events(
            eventRunner,
            settings.notifier(),
            owner,
            () -> tunables.get(Tunable.SCRIPT_TIMEOUT),
            cluster,
            life);
    this.traverseControls = new TraverseControls(catalog, traverses);
    this.restores = new RestoreControls(catalog, cluster, router, records, commits, port);
    this.addressDiary = new AddressDiaryFile(paths.addressDiary());
    this.connectionsFile = new ConnectionsFile(paths.connections());
    this.addresses =
        new Addresses(
            port,
            cluster,
            life,
            tunables,
            conf.failover().disabled(),
            paths.publicAddresses(),
            router,
            remote,
            broadcast,
            controls,
            new HeldAddresses(paths.heldAddresses(), events::run, will::revoke),
            addressDiary,
            connectionsFile,
            this::leaseNanosLeft);
    this.endingClients = addresses.endingClients(clients);
    this.requests =
        new ClientRequests(
            port,
            cluster,
            controls,
            remote,
            records,
            catalog,
            tunnels,
            traverseControls,
            statistics,
            () -> (int) tunables.get(Tunable.MAX_QUEUE_DEPTH_DROP_MSG),
            this::clientGone,
            links::queuedBytes);
    this.messages =
        new NodeMessages(
            port,
            router,
            controls,
            remote,
            records,
            commits,
            traverses,
            participant,
            coordinator,
            requests,
            this::leaseMessage,
            ensembles::heard);
    participant.addListener(news);
    participant.addListener(records);
    participant.addListener(commits);
    participant.addListener(traverses);
    participant.addListener(restores);
    participant.addListener(addresses.epochs(participant::life));
    participant.addListener(member);
    commits.onReconciled(this::databasesReady);
  }

  private long nanos(Tunable tunable) {
    return tunables.duration(tunable).toNanos();
  }

  // --- start -----------------------------------------------------------------------------------

  /** To be called before {@link #open}; the listener is called by the owner of the records. */
  void onRunState(Consumer<RunState> listener) {
    life.onRunState(listener);
  }

  /** Makes the sockets and runs {@code init}: whatever is in the way shows up here. */
  void open() throws IOException {
    server = new ClientServer(loop, paths.socket(), clients, router, statistics, requests);
    eventServer = EventServer.start(paths.eventdSocket(), paths.eventdPidFile(), eventRunner);
    catalog.cleanAfterCrash();
    setAside.look();
    int result =
        eventRunner.run("init", List.of(), tunables.get(Tunable.SCRIPT_TIMEOUT)).join().errno();
    if (result != 0) {
      throw new StartException(
          "event init failed (" + result + "): see the log lines of its scripts above");
    }
    events.notify(Notifier.Notification.INIT);
    conf.jctdb().metrics().ifPresent(this::startMetrics);
    loop.submit(this::listenToPeers).syncUninterruptibly();
    try {
      links.start().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof LinkException cause
          ? new StartException(String.valueOf(cause.getMessage()), cause)
          : e;
    }
    willListener =
        WillListener.open(
            loop, new InetSocketAddress(plan.ownAddress(), plan.port()), this::willTold);
  }

  /**
   * Before there is any link: a node says once, as soon as there is one, which databases are
   * attached there and who is connected to its addresses.
   */
  private void listenToPeers() {
    catalog.attachPersistent();
    enterControls();
  }

  private void willTold(byte[] secret, int pnn) {
    if (membership != null && cluster.exists(pnn)) {
      membership.willTold(pnn, secret);
    }
  }

  private void startMetrics(InetSocketAddress address) {
    try {
      metrics =
          MetricsServer.start(
              address,
              loop.submit(this::status).syncUninterruptibly().getNow(),
              () -> CompletableFuture.supplyAsync(this::status, loop));
    } catch (IOException e) {
      throw new StartException(
          paths.conf() + ": [jctdb] metrics address: cannot listen on " + address + ": " + e, e);
    }
  }

  private NodeStatus status() {
    Epoch epoch = cluster.epoch();
    return new NodeStatus(
        plan.self(),
        cluster.nodeMap(),
        cluster.leaderOrUnknown(),
        epoch == null ? Epoch.NONE : epoch.number(),
        epoch == null ? Collections.emptySortedSet() : epoch.members(),
        life.runState(),
        life.isRecovering(),
        Math.max(0, leaseNanosLeft()),
        history.status(membership),
        ensembles.status(settings.ensembleByFile(cluster.nodes())),
        new CopyHealth(catalog.healthProblems(), setAside.files()),
        silentMembers.figures(records.statistics()),
        addresses.known(),
        addresses.meters(),
        linkControls.report(),
        statistics.snapshot(present()));
  }

  /**
   * With which ZooKeeper servers this node is to work. One that has never taken part waits for what
   * the others say, but not for long: whether it may be a member is decided later.
   *
   * @return nothing if they are external
   */
  Optional<Ensemble> settleEnsemble() {
    long limit = BootClock.nanos() + SETTLE_LIMIT;
    while (!loop.submit(ensembles::settled).syncUninterruptibly().getNow()
        && BootClock.nanos() < limit) {
      LockSupport.parkNanos(SETTLE_LOOK);
    }
    return Ensemble.parse(
        String.valueOf(loop.submit(ensembles::inForce).syncUninterruptibly().getNow()));
  }

  /** Joins the cluster and serves clients. */
  void start(Optional<Ensemble> ensemble, QuorumWitness witness) throws IOException {
    will.write();
    ClusterMembership joined =
        ClusterMembership.start(
            settings.membership(will.hash(), ensemble).withWitness(witness),
            member,
            member,
            (pnn, message) -> loop.execute(() -> port.send(pnn, message)));
    membership = joined;
    loop.submit(() -> begin(joined)).syncUninterruptibly();
  }

  private void begin(ClusterMembership joined) {
    member.joinThrough(joined);
    // Links have been coming up since before there was anybody to tell.
    cluster.connectedNodes().stream()
        .filter(pnn -> pnn != plan.self())
        .forEach(pnn -> joined.linkChanged(pnn, true));
    NodeStates states =
        new NodeStates(
            cluster,
            joined,
            member,
            history,
            settings.capabilities(),
            this::shutdown,
            this::reloadNodes);
    controls.add(
        new ClusterControls(
            cluster,
            life,
            states,
            () -> tunables.on(Tunable.ENABLE_BANS),
            settings::nodesFile,
            settings::clusterLock));
    commits.onLeftBehind((database, problem) -> standAside(states, database.name(), problem));
    HealthMonitor monitor = new HealthMonitor(port, events, life, cluster, joined, tunables);
    Lifecycle started =
        new Lifecycle(
            port,
            life,
            joined,
            member,
            events,
            monitor::start,
            message -> finish.accept(Optional.of(message)));
    lifecycle = started;
    addresses.start(joined);
    if (server != null) {
      server.serve();
    }
    announcer.start();
    new AnsweredMessages(port, cluster, StatisticsControls::memory).listenOn(router);
    rememberStatistics();
    lookForSetAside();
    ensembles.started();
    lookAtEnsembles();
    started.setup();
  }

  /**
   * This node lacks what others have committed. Its smbds must not read old content, and it must
   * not be the last to know the database: it keeps out for a while, and on rejoining gets what it
   * lacks.
   */
  private void standAside(NodeStates states, String database, String problem) {
    if (replacement.isUnderWay()) {
      return;
    }
    log.error("{}: this node could not write what the others have written: {}", database, problem);
    if (tunables.on(Tunable.ENABLE_BANS) && !cluster.isInactive()) {
      states.ban(
          behindBans.nextSeconds(port.nowNanos()),
          "the copy of " + database + " is behind; remove the cause (" + problem + ")",
          () -> {});
    }
  }

  /** All but those that need a member ({@link ClusterControls}), which this node is not yet. */
  private void enterControls() {
    controls.add(new IdentityControls(cluster, life, clients));
    controls.add(
        table ->
            table.on(Control.NODE_STORY, r -> r.reply().ok(StatusLines.of(status()).encode())));
    controls.add(new RegistrationControls(announcer::registered, tunnels));
    controls.add(
        new DatabaseControls(
            catalog,
            gate,
            counters,
            records,
            commits,
            broadcast,
            restores,
            port,
            () -> nanos(Tunable.CONTROL_TIMEOUT)));
    controls.add(restores);
    controls.add(traverseControls);
    controls.add(new TunableControls(tunables));
    controls.add(
        new StatisticsControls(statistics, this::present, catalog, conf.logging().level()));
    controls.add(addresses);
    controls.add(linkControls);
    controls.add(new SiteControls(plan, paths, failStop.guarded((Executor) loop), this::startAnew));
  }

  private DaemonStatistics.Present present() {
    return new DaemonStatistics.Present(
        clients.size(), volatileStores.areFrozen(), life.isRecovering(), life.recoveries());
  }

  private void rememberStatistics() {
    statistics.remember(present());
    port.after(
        Math.max(1, tunables.get(Tunable.STAT_HISTORY_INTERVAL)) * SECOND,
        this::rememberStatistics);
  }

  /** Somebody may have deleted them meanwhile. */
  private void lookForSetAside() {
    Thread.ofVirtual().start(setAside::look);
    port.after(SET_ASIDE_LOOK, this::lookForSetAside);
  }

  /** Whether somebody listens there changes without a word. */
  private void lookAtEnsembles() {
    ensembles.consider();
    port.after(SECOND, this::lookAtEnsembles);
  }

  /** Whether other members are there that may have what this node has lost. */
  private boolean othersServe() {
    Epoch epoch = cluster.epoch();
    return epoch == null
        ? cluster.activeNodes().size() > 1
        : epoch.voters().stream().anyMatch(pnn -> pnn != plan.self());
  }

  private long leaseNanosLeft() {
    return membership == null ? 0 : membership.leaseUntilNanos() - BootClock.nanos();
  }

  // --- other nodes -----------------------------------------------------------------------------

  private void linkUp(int pnn) {
    cluster.linkUp(pnn);
    ensembles.linkUp(pnn);
    // Before anything else on this link: what is attached here exists there when records follow.
    catalog
        .newestFirst()
        .reversed()
        .forEach(d -> remote.send(pnn, d.attachControl().opcode(), 0, 0, d.attachPayload()));
    records.linkRestored(pnn);
    addresses.linkUp(pnn);
    if (membership != null) {
      membership.linkChanged(pnn, true);
    }
    clusterChanged();
  }

  private void linkDown(int pnn) {
    cluster.linkDown(pnn);
    ensembles.linkDown(pnn);
    remote.linkDown(pnn);
    records.linkLost(pnn);
    traverses.linkDown(pnn);
    if (membership != null) {
      membership.linkChanged(pnn, false);
    }
    clusterChanged();
  }

  private void receive(int fromPnn, NodeMessage message) {
    statistics.nodeMessageReceived(message);
    failStop.run(() -> messages.receive(fromPnn, message));
  }

  private void leaseMessage(LeaseMessage message, int fromPnn) {
    if (membership != null) {
      membership.received(fromPnn, message);
    }
  }

  private String databaseName(int dbId) {
    AttachedDatabase database = catalog.find(dbId);
    return database == null ? "database %08x".formatted(dbId) : database.name();
  }

  private void newEpoch() {
    if (membership != null) {
      membership.requestRecovery();
    }
  }

  private void excluded(long base) {
    member.excluded(base);
  }

  private void clientGone(ClientConnection client) {
    addresses.clientGone(client);
  }

  private boolean reloadNodes() {
    boolean reloaded = settings.reload(cluster, links);
    will.setPeers(NodePlan.others(plan.self(), cluster.nodes()));
    return reloaded;
  }

  // --- news from the cluster ---------------------------------------------------------------------

  @Override
  public void clusterChanged() {
    // Clients wait for answers of a node that no longer exists; so does smbd when it opens a file
    // that such a node had open.
    cluster.connectedNodes().stream().filter(cluster::isLost).forEach(links::giveUpIfSilent);
    announcer.leaderChanged();
    gate.reconsider();
    addresses.clusterChanged();
  }

  @Override
  public void memberDied(long epoch, int pnn) {
    records.memberDied(epoch, pnn);
  }

  @Override
  public void dropAddresses() {
    addresses.dropAll();
    new BoundServices(paths.endWithDaemon()).kill();
  }

  @Override
  public void releaseAddresses(Runnable done) {
    endingClients.remember();
    addresses.drain(done);
  }

  @Override
  public void awaitClientsOfAddresses(Runnable done) {
    endingClients.await(done);
  }

  @Override
  public void closeClients() {
    clients.closeAll();
    if (lifecycle != null) {
      lifecycle.servicesLost();
    }
  }

  @Override
  public void endAtOnce(String why) {
    failStop.endAtOnce(why);
  }

  @Override
  public void recoveryStarted() {
    if (lifecycle != null) {
      lifecycle.recoveryStarted();
    }
  }

  /** Every database is usable in the present epoch. */
  private void databasesReady() {
    boolean tells = news.tell();
    if (lifecycle != null) {
      lifecycle.recoveryFinished(tells);
    }
    addresses.recoveryFinished();
    if (tells) {
      router.deliver(Srvid.RECONFIGURE, new byte[0]);
    }
    clusterChanged();
  }

  /** What the watch over the ZooKeeper servers needs of the rest. */
  private final class AroundEnsembles implements EnsembleWatch.Outside {
    @Override
    public SortedSet<Integer> others() {
      SortedSet<Integer> others = new TreeSet<>();
      for (ClusterNode node : cluster.nodes()) {
        if (!node.deleted() && node.pnn() != plan.self()) {
          others.add(node.pnn());
        }
      }
      return others;
    }

    @Override
    public boolean isReached(int pnn) {
      return links.isReached(pnn);
    }

    @Override
    public void ask(int pnn, byte[] notice, ControlReply reply) {
      remote.call(pnn, Control.ENSEMBLE_NOTICE.opcode(), 0, 0, notice, reply);
    }

    @Override
    public void tell(int pnn, byte[] notice) {
      remote.send(pnn, Control.ENSEMBLE_NOTICE.opcode(), 0, 0, notice);
    }

    @Override
    public void admitted() {
      member.reconsider();
    }

    @Override
    public void standBack(String why) {
      member.standBack(why);
    }

    @Override
    public void startAnew(String why) {
      Node.this.startAnew(why);
    }
  }

  // --- end ---------------------------------------------------------------------------------------

  /** Ends in good order; any thread. */
  void shutdown() {
    loop.execute(
        () -> {
          if (life.runState() == RunState.SHUTDOWN) {
            if (replacement.isUnderWay()) {
              will.ending(); // and not to be started anew after all
            }
            return;
          }
          port.after(
              SHUTDOWN_LIMIT,
              () -> finish.accept(Optional.of("shutdown took too long: giving up on the rest")));
          if (lifecycle == null) {
            finish.accept(Optional.empty());
          } else {
            will.ending();
            lifecycle.shutdown(
                () -> {
                  will.left();
                  finish.accept(Optional.empty());
                });
          }
        });
  }

  /**
   * Leaves in good order, but as one that the launcher starts again: services are stopped and
   * started with their events, and what the files are like is seen at the start. Owner thread.
   */
  private void startAnew(String why) {
    Lifecycle running = lifecycle;
    if (running == null || life.runState() == RunState.SHUTDOWN) {
      return;
    }
    port.after(START_ANEW_LIMIT, () -> finish.accept(Optional.of(why)));
    running.shutdown(() -> finish.accept(Optional.of(why)));
  }

  /** Frees everything that another daemon would need; clients stay connected. */
  void close() {
    if (membership != null) {
      membership.close();
    }
    if (metrics != null) {
      metrics.close();
    }
    closeEventServer();
    eventRunner.close();
    addresses.close();
    addressDiary.close();
    connectionsFile.close();
    links.close().join();
    if (willListener != null) {
      willListener.close().syncUninterruptibly();
    }
    if (server != null) {
      server.stopListening();
    }
    loop.submit(counters::forgetAll).syncUninterruptibly();
    loop.submit(catalog::closeAll).syncUninterruptibly();
  }

  private void closeEventServer() {
    try {
      if (eventServer != null) {
        eventServer.close();
      }
    } catch (IOException e) {
      log.warn("the event socket was not removed: {}", e.toString());
    }
  }

  void disconnectClients() {
    loop.submit(clients::closeAll).awaitUninterruptibly(1_000);
  }
}
