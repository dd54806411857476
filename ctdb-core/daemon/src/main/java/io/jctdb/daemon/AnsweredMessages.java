package io.jctdb.daemon;

import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages by which the tool asks the daemon itself, and which it waits for the answers to
 * (client-protocol.md 5.3): {@code rddumpmemory} and the beginning of {@code reloadnodes}. Those
 * about public addresses are {@link io.jctdb.daemon.addresses.Addresses}' own. Owner thread only.
 */
final class AnsweredMessages implements MessageRouter.MessageListener {
  private static final Logger log = LoggerFactory.getLogger(AnsweredMessages.class);

  private final NodePort port;
  private final ClusterView cluster;
  private final Supplier<String> memory;

  AnsweredMessages(NodePort port, ClusterView cluster, Supplier<String> memory) {
    this.port = port;
    this.cluster = cluster;
    this.memory = memory;
  }

  void listenOn(MessageRouter router) {
    router.register(Srvid.MEM_DUMP, this);
    router.register(Srvid.DISABLE_RECOVERIES, this);
  }

  @Override
  public void message(long srvid, byte[] data) {
    try {
      if (srvid == Srvid.MEM_DUMP) {
        SrvidMessage from = SrvidMessage.decode(data);
        answer(from.pnn(), from.srvid(), Payload.ofText(memory.get()));
      } else if (srvid == Srvid.DISABLE_RECOVERIES) {
        // There is nothing to disable: a change of epoch does not look at the nodes file, and does
        // no harm in between. The tool wants to hear from every node all the same.
        DisableMessage from = DisableMessage.decode(data);
        answer(from.pnn(), from.srvid(), Payload.ofU32(port.self()));
      }
    } catch (MalformedPacketException e) {
      log.warn("message {} ignored: {}", Long.toHexString(srvid), e.getMessage());
    }
  }

  private void answer(int pnn, long srvid, byte[] data) {
    if (srvid != 0 && cluster.isConnected(pnn)) {
      port.send(pnn, new ClusterMessage.Datagram(srvid, data));
    }
  }
}
