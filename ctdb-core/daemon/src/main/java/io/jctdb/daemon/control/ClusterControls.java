package io.jctdb.daemon.control;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.protocol.BanOrder;
import io.jctdb.protocol.BanState;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RunState;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The cluster as this node sees it, and this node's place in it (sheet 3.5). */
public final class ClusterControls implements ControlTable.Group {
  private static final int NORMAL = 0;
  private static final int ACTIVE = 1;

  private final ClusterView cluster;
  private final NodeLife life;
  private final NodeAdministration node;
  private final BooleanSupplier bansEnabled;
  private final Supplier<Optional<NodeMap>> nodesFile;
  private final Supplier<String> clusterLock;
  private BanState banState;

  /**
   * @param nodesFile the nodes file as it is now, empty if it cannot be read
   * @param clusterLock the configured cluster lock, empty text if none
   */
  public ClusterControls(
      ClusterView cluster,
      NodeLife life,
      NodeAdministration node,
      BooleanSupplier bansEnabled,
      Supplier<Optional<NodeMap>> nodesFile,
      Supplier<String> clusterLock) {
    this.cluster = cluster;
    this.life = life;
    this.node = node;
    this.bansEnabled = bansEnabled;
    this.nodesFile = nodesFile;
    this.clusterLock = clusterLock;
    this.banState = new BanState(cluster.self(), 0);
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.GET_NODEMAP, empty(r -> r.reply().ok(cluster.nodeMap().encode())));
    table.on(Control.GET_NODES_FILE, empty(this::nodesFile));
    table.on(Control.RELOAD_NODES_FILE, empty(r -> r.reply().status(node.reloadNodes() ? 0 : -1)));
    table.on(Control.GETVNNMAP, empty(r -> r.reply().ok(cluster.vnnMap().encode())));
    table.on(Control.GET_RECMODE, r -> r.reply().status(recoveryMode()));
    table.on(Control.SET_RECMODE, this::setRecoveryMode);
    table.on(Control.GET_CAPABILITIES, r -> r.reply().ok(Payload.ofU32(node.capabilities())));
    table.on(Control.SET_LMASTERROLE, r -> role(r, Capability.LMASTER));
    table.on(Control.SET_RECMASTERROLE, r -> role(r, Capability.LEADER));
    table.on(Control.GET_RECLOCK_FILE, empty(this::reclock));
    table.on(Control.STOP_NODE, empty(r -> node.stop(r.reply()::ok)));
    table.on(Control.CONTINUE_NODE, empty(this::continueNode));
    table.on(Control.DISABLE_NODE, empty(r -> setDisabled(r, true)));
    table.on(Control.ENABLE_NODE, empty(r -> setDisabled(r, false)));
    table.on(Control.SET_BAN_STATE, this::setBanState);
    table.on(Control.BAN_NODE, this::banForReason);
    table.on(Control.GET_BAN_STATE, empty(r -> r.reply().ok(banState.encode())));
    table.on(Control.SHUTDOWN, this::shutdown);
  }

  private static ControlHandler empty(ControlHandler handler) {
    return request -> {
      if (request.hasNoData()) {
        handler.handle(request);
      } else {
        request.reply().fail();
      }
    };
  }

  private void nodesFile(ControlRequest request) {
    Optional<NodeMap> nodes = nodesFile.get();
    if (nodes.isPresent()) {
      request.reply().ok(nodes.get().encode());
    } else {
      request.reply().fail();
    }
  }

  private int recoveryMode() {
    return life.isRecovering() || cluster.isInactive() ? ACTIVE : NORMAL;
  }

  /**
   * Active means "please recover": the epoch changes, and with it the generation for which the tool
   * waits. Normal is what recovery itself restores, so there is nothing to do.
   */
  private void setRecoveryMode(ControlRequest request) {
    int mode = Payload.u32(request.data());
    if (mode != NORMAL && mode != ACTIVE) {
      request.reply().fail();
      return;
    }
    if (mode == ACTIVE && !life.isRecovering()) {
      node.recover();
    }
    request.reply().ok();
  }

  private void role(ControlRequest request, int capability) {
    node.setCapability(capability, Payload.u32(request.data()) != 0);
    request.reply().ok();
  }

  private void reclock(ControlRequest request) {
    String lock = clusterLock.get();
    request.reply().ok(lock.isEmpty() ? ControlReply.NO_DATA : Payload.ofCstr(lock));
  }

  private void continueNode(ControlRequest request) {
    node.continueNode();
    request.reply().ok();
  }

  private void setDisabled(ControlRequest request, boolean disabled) {
    node.setDisabled(disabled);
    request.reply().ok();
  }

  private void setBanState(ControlRequest request) {
    BanState wanted = BanState.decode(request.data());
    if (wanted.pnn() != cluster.self()) {
      request.reply().fail();
    } else if (wanted.seconds() == 0) {
      banState = wanted;
      node.unban();
      request.reply().ok();
    } else {
      ban(request, wanted.seconds(), "ctdb ban");
    }
  }

  private void banForReason(ControlRequest request) {
    BanOrder order = BanOrder.decode(request.data());
    if (order.seconds() <= 0) {
      request.reply().fail();
    } else {
      ban(request, order.seconds(), order.reason());
    }
  }

  private void ban(ControlRequest request, int seconds, String reason) {
    if (bansEnabled.getAsBoolean()) {
      banState = new BanState(cluster.self(), seconds);
      node.ban(seconds, reason, request.reply()::ok);
    } else {
      request.reply().ok();
    }
  }

  private void shutdown(ControlRequest request) {
    if (!life.isAtLeast(RunState.SHUTDOWN)) {
      node.shutdown();
    }
    request.reply().ok();
  }
}
