package io.jctdb.daemon.addresses;

import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.control.ControlBroadcast;
import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.iptakeover.AddressListener;
import io.jctdb.iptakeover.NodeControls;
import io.jctdb.iptakeover.TakeoverListener;
import io.jctdb.iptakeover.TakeoverResult;
import io.jctdb.protocol.BanOrder;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import io.jctdb.protocol.TickleList;
import java.net.InetAddress;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the public addresses of this node have to say to clients and to other nodes. */
final class AddressNews implements AddressListener, TakeoverListener {
  private static final Logger log = LoggerFactory.getLogger(AddressNews.class);

  /** Long enough for the addresses to be served elsewhere and for somebody to look at the log. */
  private static final int KEEPING_BAN_SECONDS = 60;

  private final NodePort port;
  private final ClusterView cluster;
  private final MessageRouter router;
  private final ControlBroadcast broadcast;
  private final BooleanSupplier bansEnabled;
  private final NodeControls controls;

  AddressNews(
      NodePort port,
      ClusterView cluster,
      MessageRouter router,
      ControlBroadcast broadcast,
      BooleanSupplier bansEnabled,
      NodeControls controls) {
    this.port = port;
    this.cluster = cluster;
    this.router = router;
    this.broadcast = broadcast;
    this.bansEnabled = bansEnabled;
    this.controls = controls;
  }

  @Override
  public void taken(InetAddress address) {
    router.deliver(Srvid.TAKE_IP, text(address));
  }

  @Override
  public void released(InetAddress address) {
    router.deliver(Srvid.RELEASE_IP, text(address));
  }

  @Override
  public void reallocationBegins() {
    router.deliver(Srvid.START_IPREALLOCATE, Payload.empty());
  }

  @Override
  public void reallocated() {
    router.deliver(Srvid.IPREALLOCATED, Payload.empty());
  }

  private static byte[] text(InetAddress address) {
    return Payload.ofCstr(new SockAddr(address, 0).host());
  }

  @Override
  public void takeoverRunWanted(String reason) {
    toConnected(Srvid.TAKEOVER_RUN, new SrvidMessage(port.self(), 0).encode());
  }

  @Override
  public void addressesGained() {
    toConnected(Srvid.REBALANCE_NODE, Payload.ofU32(port.self()));
  }

  private void toConnected(long srvid, byte[] data) {
    cluster
        .connectedNodes()
        .forEach(pnn -> port.send(pnn, new ClusterMessage.Datagram(srvid, data)));
  }

  @Override
  public void connectionAdded(Connection connection) {
    broadcast.toConnectedPeers(Control.TCP_ADD.opcode(), 0, connection.encode());
  }

  @Override
  public void connectionRemoved(Connection connection) {
    broadcast.toConnectedPeers(Control.TCP_REMOVE.opcode(), 0, connection.encode());
  }

  @Override
  public void connectionsChanged(TickleList list) {
    broadcast.toConnectedPeers(Control.SET_TCP_TICKLE_LIST.opcode(), 0, list.encode());
  }

  @Override
  public void reply(int pnn, long srvid, int value) {
    if (cluster.isConnected(pnn)) {
      port.send(pnn, new ClusterMessage.Datagram(srvid, Payload.ofU32(value)));
    }
  }

  @Override
  public void handOn(int leader, SrvidMessage request) {
    if (cluster.isConnected(leader)) {
      port.send(leader, new ClusterMessage.Datagram(Srvid.TAKEOVER_RUN, request.encode()));
    }
  }

  @Override
  public void disableElsewhere(int seconds) {
    byte[] message = new DisableMessage(-1, 0, seconds).encode();
    cluster.connectedNodes().stream()
        .filter(pnn -> pnn != port.self())
        .forEach(
            pnn ->
                port.send(pnn, new ClusterMessage.Datagram(Srvid.DISABLE_TAKEOVER_RUNS, message)));
  }

  @Override
  public void keepsAddresses(int pnn, int runs) {
    log.error(
        "node {} has failed to release public addresses in {} takeover runs in a row: {}",
        pnn,
        runs,
        bansEnabled.getAsBoolean()
            ? "banning it for " + KEEPING_BAN_SECONDS + " s"
            : "EnableBans is 0, so it stays as it is; see ctdb scriptstatus releaseip there");
    if (bansEnabled.getAsBoolean()) {
      String reason = "it did not release public addresses in " + runs + " takeover runs in a row";
      byte[] ban = new BanOrder(KEEPING_BAN_SECONDS, reason).encode();
      controls.call(pnn, Control.BAN_NODE, 0, ban, (status, data) -> {});
    }
  }

  @Override
  public void finished(TakeoverResult result) {
    if (!result.failures().isEmpty()) {
      log.error("takeover run failed, failed controls by node: {}", result.failures());
    } else if (!result.moved().isEmpty()) {
      log.info("takeover run moved {}", result.moved().keySet());
    } else {
      log.debug("takeover run completed: {}", result.placements());
    }
    if (!result.deferred().isEmpty()) {
      log.warn("addresses that lost or silent nodes may still have wait: {}", result.deferred());
    }
  }
}
