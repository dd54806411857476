package io.jctdb.daemon;

import io.jctdb.database.message.MalformedMessageException;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.wanlink.LinkListener;
import java.util.function.IntConsumer;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What links bring, decoded. Bytes that are no message are dropped and reported. */
final class NodeLinks implements LinkListener {
  private static final Logger log = LoggerFactory.getLogger(NodeLinks.class);

  private final IntConsumer up;
  private final IntConsumer down;
  private final ObjIntConsumer<NodeMessage> message;

  NodeLinks(IntConsumer up, IntConsumer down, ObjIntConsumer<NodeMessage> message) {
    this.up = up;
    this.down = down;
    this.message = message;
  }

  @Override
  public void linkUp(int pnn, long incarnation) {
    log.info("node {} is connected", pnn);
    up.accept(pnn);
  }

  @Override
  public void linkDown(int pnn, String reason) {
    log.warn("node {} is disconnected: {}", pnn, reason);
    down.accept(pnn);
  }

  @Override
  public void frame(int pnn, byte[] bytes) {
    NodeMessage decoded;
    try {
      decoded = NodeMessageCodec.decode(bytes);
    } catch (MalformedMessageException e) {
      log.error("node {} sent what is no message of this version: {}", pnn, e.getMessage());
      return;
    }
    message.accept(decoded, pnn);
  }
}
