package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsLinkTest extends LinkTestBase {
  @TempDir static Path directory;

  @BeforeAll
  static void makeCertificates() throws Exception {
    authority("ca");
    authority("foreign");
    certificate("ca", "node0", "127.0.0.10");
    certificate("ca", "node1", "127.0.0.11");
    certificate("foreign", "foreign1", "127.0.0.11");
  }

  @Test
  void nodesWithCertificatesOfTheAuthorityTalk() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2), tls("ca", "node0")));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2), tls("ca", "node1")));
    n0.awaitUp(1);
    byte[] frame = new byte[3 << 20];
    new Random(1).nextBytes(frame);
    n0.send(1, frame);
    n0.send(1, new byte[] {1});
    await().until(() -> n1.frames.size() == 2);
    assertThat(n1.frames.get(0)).isEqualTo(frame);
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefused() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2), tls("ca", "node0")));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2), tls("ca", "foreign1")));
    await().until(() -> n0.problem(1).contains("TLS") && n1.problem(0).contains("TLS"));
    assertThat(n0.events).isEmpty();
    assertThat(n1.events).isEmpty();
  }

  @Test
  void aCertificateForAnotherAddressIsRefused() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2), tls("ca", "node0")));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2), tls("ca", "node0")));
    await()
        .until(
            () -> n0.problem(1).contains("is for the addresses [127.0.0.10], not for 127.0.0.11"));
    await().until(() -> n1.problem(0).contains("refused"));
    assertThat(n0.events).isEmpty();
    assertThat(n1.events).isEmpty();
  }

  @Test
  void aPlainPeerGetsNowhere() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2), tls("ca", "node0")));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2)));
    await().until(() -> !n0.problem(1).isEmpty() && !n1.problem(0).isEmpty());
    assertThat(n0.events).isEmpty();
    assertThat(n1.events).isEmpty();
  }

  @Test
  void whatAHandshakeDelegatesIsNotComputedOnTheLoop() throws Exception {
    BlockingQueue<Runnable> computations = new LinkedBlockingQueue<>();
    TlsContexts contexts = new TlsContexts(tls("ca", "node0"), computations::add);
    CompletableFuture<SslHandler> accepted = new CompletableFuture<>();
    new ServerBootstrap()
        .group(loop())
        .channel(EpollServerSocketChannel.class)
        .childHandler(
            with(
                channel -> {
                  SslHandler handler = contexts.acceptingHandler(channel);
                  accepted.complete(handler);
                  return handler;
                }))
        .bind(address(0))
        .sync();
    Channel channel =
        new Bootstrap()
            .group(loop())
            .channel(EpollSocketChannel.class)
            .handler(with(contexts::connectingHandler))
            .connect(address(0))
            .sync()
            .channel();
    SslHandler connected = channel.pipeline().get(SslHandler.class);
    int computed = 0;
    while (!connected.handshakeFuture().isDone() || !accepted.join().handshakeFuture().isDone()) {
      Runnable next = computations.poll(20, TimeUnit.MILLISECONDS);
      if (next != null) {
        next.run();
        computed++;
      }
    }
    assertThat(connected.handshakeFuture().isSuccess()).isTrue();
    assertThat(accepted.join().handshakeFuture().isSuccess()).isTrue();
    assertThat(computed).as("pieces of work that the loop was spared").isGreaterThan(3);
    channel.close().sync();
  }

  private static ChannelInitializer<Channel> with(Function<Channel, SslHandler> tls) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.pipeline().addLast(tls.apply(channel));
      }
    };
  }

  @Test
  void unusableFilesAreNamed() throws IOException {
    Path junk = Files.writeString(directory.resolve("junk.pem"), "junk");
    LinkSecurity security =
        new LinkSecurity.Tls(directory.resolve("ca.crt"), directory.resolve("node0.crt"), junk);
    assertThatThrownBy(() -> node(TestNode.config(0, 1, nodesList(2), security)))
        .isInstanceOf(LinkException.class)
        .hasMessageContaining("junk.pem");
  }

  private static LinkSecurity.Tls tls(String authority, String node) {
    return new LinkSecurity.Tls(
        directory.resolve(authority + ".crt"),
        directory.resolve(node + ".crt"),
        directory.resolve(node + ".key"));
  }

  private static void authority(String name) throws Exception {
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN="
            + name
            + " -keyout "
            + name
            + ".key -out "
            + name
            + ".crt");
  }

  private static void certificate(String authority, String name, String address) throws Exception {
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN="
            + name
            + " -keyout "
            + name
            + ".key -out "
            + name
            + ".csr");
    Files.writeString(directory.resolve(name + ".ext"), "subjectAltName=IP:" + address + "\n");
    openssl(
        "x509 -req -days 2 -in "
            + name
            + ".csr -CA "
            + authority
            + ".crt -CAkey "
            + authority
            + ".key -CAcreateserial -extfile "
            + name
            + ".ext -out "
            + name
            + ".crt");
  }

  private static void openssl(String arguments) throws Exception {
    Path output = directory.resolve("openssl.log");
    Process process =
        new ProcessBuilder(("openssl " + arguments).split(" "))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
  }
}
