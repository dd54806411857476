package io.jctdb.daemon.control;

import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.daemon.client.ClientRegistry;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.EchoData;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PidSrvid;

/** Who this node is, whether it lives, and whether one of its processes does (sheet 3.3). */
public final class IdentityControls implements ControlTable.Group {
  private final ClusterView cluster;
  private final NodeLife life;
  private final ClientRegistry clients;

  public IdentityControls(ClusterView cluster, NodeLife life, ClientRegistry clients) {
    this.cluster = cluster;
    this.life = life;
    this.clients = clients;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.GET_PNN, r -> r.reply().status(cluster.self()));
    table.on(Control.GET_PID, r -> r.reply().status((int) ProcessHandle.current().pid()));
    table.on(Control.GET_RUNSTATE, this::runState);
    table.on(Control.UPTIME, r -> r.reply().ok(life.uptime().encode()));
    table.on(Control.PING, this::ping);
    table.on(Control.PROCESS_EXISTS, this::processExists);
    table.on(Control.CHECK_PID_SRVID, this::checkPidSrvid);
    table.on(Control.ECHO_DATA, this::echo);
    table.on(Control.START_PERSISTENT_UPDATE, r -> r.reply().ok());
    table.on(Control.CANCEL_PERSISTENT_UPDATE, r -> r.reply().ok());
  }

  private void runState(ControlRequest request) {
    if (!request.hasNoData()) {
      request.reply().fail();
      return;
    }
    request.reply().ok(Payload.ofU32(life.runState().number()));
  }

  private void ping(ControlRequest request) {
    if (request.hasNoData()) {
      request.reply().status(clients.size());
    } else {
      request.reply().fail();
    }
  }

  /**
   * 0 only for a process that is a connected client and alive. On an inactive node the process is
   * cut off instead: that is how the cluster takes its records away from the smbds of such a node.
   */
  private void processExists(ControlRequest request) {
    int pid = Payload.u32(request.data());
    ClientConnection client = clients.newestOf(pid);
    if (client == null) {
      request.reply().fail();
    } else if (cluster.isInactive()) {
      client.close();
      request.reply().fail();
    } else {
      request.reply().status(ProcessHandle.of(pid).isPresent() ? 0 : -1);
    }
  }

  private void checkPidSrvid(ControlRequest request) {
    PidSrvid asked = PidSrvid.decode(request.data());
    request.reply().status(clients.hasRegistered(asked.pid(), asked.srvid()) ? 0 : -1);
  }

  private void echo(ControlRequest request) {
    EchoData.decode(request.data());
    request.reply().ok(request.data());
  }
}
