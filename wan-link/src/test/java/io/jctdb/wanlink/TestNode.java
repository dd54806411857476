package io.jctdb.wanlink;

import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;

/** A node that only has links, and writes down what they tell it. */
final class TestNode implements LinkListener, AutoCloseable {
  final int pnn;
  final LinkManager links;
  final List<String> events = new CopyOnWriteArrayList<>();
  final List<byte[]> frames = new CopyOnWriteArrayList<>();
  private final EventLoop loop;
  private final LinkConfig config;

  TestNode(EventLoop loop, LinkConfig config) {
    this.loop = loop;
    this.config = config;
    this.pnn = config.self();
    this.links = new LinkManager(loop, config, this);
  }

  static LinkConfig config(int self, long incarnation, Map<Integer, InetSocketAddress> nodes) {
    return config(self, incarnation, nodes, new LinkSecurity.Plain());
  }

  static LinkConfig config(
      int self, long incarnation, Map<Integer, InetSocketAddress> nodes, LinkSecurity security) {
    return LinkConfig.of(self, incarnation, nodes, security)
        .withKeepalive(Duration.ofMillis(100), Duration.ofSeconds(3));
  }

  TestNode start() {
    links.start().join();
    return this;
  }

  /** What people would see as the reason why there is no link. */
  String problem(int peer) {
    return status(peer).problem();
  }

  LinkStatus status(int peer) {
    return on(() -> Objects.requireNonNull(links.status(peer)));
  }

  void send(int to, byte[] frame) {
    loop.execute(() -> links.send(to, frame));
  }

  /** False: whether it helped is told by the events. */
  boolean giveUpIfSilent(int peer) {
    loop.execute(() -> links.giveUpIfSilent(peer));
    return false;
  }

  <T> T on(Callable<T> task) {
    return loop.submit(task).syncUninterruptibly().getNow();
  }

  void awaitEvent(String event) {
    await(pnn + ": " + event).atMost(Duration.ofSeconds(20)).until(() -> events.contains(event));
  }

  void awaitUp(int peer) {
    await(pnn + " up to " + peer).atMost(Duration.ofSeconds(20)).until(() -> isUp(peer));
  }

  boolean isUp(int peer) {
    return on(() -> links.isUp(peer));
  }

  LinkConfig config() {
    return config;
  }

  @Override
  public void linkUp(int peer, long incarnation) {
    events.add("up " + peer + " incarnation " + incarnation);
  }

  @Override
  public void linkDown(int peer, String reason) {
    events.add("down " + peer);
    events.add("down " + peer + ": " + reason);
  }

  @Override
  public void frame(int peer, byte[] bytes) {
    frames.add(bytes);
  }

  @Override
  public void close() {
    links.close().join();
  }
}
