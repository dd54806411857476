package io.jctdb.wanlink;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Nodes 0, 1, 2… listen on 127.0.0.10, .11, .12… with one port, all on one event loop. */
abstract class LinkTestBase {
  private EventLoopGroup group;
  private final List<TestNode> nodes = new ArrayList<>();
  int port;

  @BeforeEach
  void openLoop() throws IOException {
    group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
  }

  @AfterEach
  void closeAll() {
    nodes.forEach(TestNode::close);
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  EventLoop loop() {
    return group.next();
  }

  InetSocketAddress address(int pnn) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0." + (10 + pnn)), port);
  }

  Map<Integer, InetSocketAddress> nodesList(int count) {
    Map<Integer, InetSocketAddress> list = new TreeMap<>();
    for (int pnn = 0; pnn < count; pnn++) {
      list.put(pnn, address(pnn));
    }
    return list;
  }

  TestNode node(LinkConfig config) {
    TestNode node = new TestNode(loop(), config);
    nodes.add(node);
    return node;
  }

  TestNode start(LinkConfig config) {
    return node(config).start();
  }
}
