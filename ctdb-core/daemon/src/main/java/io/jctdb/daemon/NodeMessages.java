package io.jctdb.daemon;

import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.control.ControlReply;
import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.daemon.control.RemoteControls;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.database.epoch.EpochCoordinator;
import io.jctdb.database.epoch.EpochParticipant;
import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.database.traverse.TraverseEngine;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which part of this node a message from another node (or from itself) is for. Owner thread. */
final class NodeMessages {
  private static final Logger LOG = LoggerFactory.getLogger(NodeMessages.class);

  private final NodePort port;
  private final MessageRouter router;
  private final ControlTable controls;
  private final RemoteControls remote;
  private final RecordEngine records;
  private final CommitEngine commits;
  private final TraverseEngine traverses;
  private final EpochParticipant participant;
  private final EpochCoordinator coordinator;
  private final ClientRequests requests;
  private final ObjIntConsumer<LeaseMessage> leases;
  private final EnsembleNotices ensembles;

  /** Where another node's word on its ZooKeeper servers goes; gives this node's. */
  interface EnsembleNotices {
    byte[] heard(int fromPnn, byte[] notice);
  }

  NodeMessages(
      NodePort port,
      MessageRouter router,
      ControlTable controls,
      RemoteControls remote,
      RecordEngine records,
      CommitEngine commits,
      TraverseEngine traverses,
      EpochParticipant participant,
      EpochCoordinator coordinator,
      ClientRequests requests,
      ObjIntConsumer<LeaseMessage> leases,
      EnsembleNotices ensembles) {
    this.port = port;
    this.router = router;
    this.controls = controls;
    this.remote = remote;
    this.records = records;
    this.commits = commits;
    this.traverses = traverses;
    this.participant = participant;
    this.coordinator = coordinator;
    this.requests = requests;
    this.leases = leases;
    this.ensembles = ensembles;
  }

  void receive(int fromPnn, NodeMessage message) {
    switch (message) {
      case RecordMessage m -> records.receive(fromPnn, m);
      case KeeperMessage m -> records.receive(fromPnn, m);
      case CommitMessage m -> commits.receive(fromPnn, m);
      case TraverseMessage m -> traverses.receive(fromPnn, m);
      case LeaseMessage m -> leases.accept(m, fromPnn);
      case EpochMessage m -> {
        participant.receive(fromPnn, m);
        coordinator.receive(fromPnn, m);
      }
      case ClusterMessage.Datagram m -> router.deliver(m.srvid(), m.data());
      case ClusterMessage.Tunnel m -> requests.tunnelArrived(m);
      case ClusterMessage.Control m -> control(fromPnn, m);
      case ClusterMessage.ControlReply m -> remote.received(fromPnn, m);
    }
  }

  private void control(int fromPnn, ClusterMessage.Control message) {
    ControlReply reply =
        message.id() == 0
            ? (status, data, error) -> {}
            : (status, data, error) ->
                port.send(
                    fromPnn, new ClusterMessage.ControlReply(message.id(), status, data, error));
    if (message.opcode() == Control.TAKEOVER_IP.opcode() && !participant.reckonsWith(fromPnn)) {
      // A leader that stood still, was put out, and goes on with a plan from before.
      LOG.warn("Refused an address that node {} gives: it is no member any more", fromPnn);
      reply.fail();
      return;
    }
    if (message.opcode() == Control.ENSEMBLE_NOTICE.opcode()) {
      ensembleNotice(fromPnn, message.data(), reply);
      return;
    }
    controls.execute(
        new ControlRequest(
            message.opcode(), message.srvid(), message.flags(), message.data(), null, reply));
  }

  /** Nodes ask before there are any controls, and no client may. */
  private void ensembleNotice(int fromPnn, byte[] data, ControlReply reply) {
    try {
      reply.ok(ensembles.heard(fromPnn, data));
    } catch (MalformedPacketException e) {
      LOG.warn("node {} sent no ensemble notice: {}", fromPnn, e.getMessage());
      reply.fail();
    }
  }
}
