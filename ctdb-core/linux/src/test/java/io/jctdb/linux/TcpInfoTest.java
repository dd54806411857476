package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TcpInfoTest {

  @Test
  void aConnectionTellsWhatItSentAndHowLongThatTook() throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      List<Integer> before = sockets();
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
          SocketChannel accepted = server.accept()) {
        client.setOption(StandardSocketOptions.TCP_NODELAY, true);
        for (int i = 0; i < 5; i++) {
          client.write(ByteBuffer.wrap(new byte[100]));
          accepted.read(ByteBuffer.allocate(100));
        }
        assertThat(sockets().stream().filter(fd -> !before.contains(fd)).map(TcpInfo::of))
            .anySatisfy(
                info -> {
                  assertThat(info).isPresent();
                  assertThat(info.get().segmentsSent()).isEqualTo(5);
                  assertThat(info.get().segmentsRepeated()).isZero();
                  assertThat(info.get().smoothedMicros()).isPositive();
                  assertThat(info.get().unsentBytes()).isZero();
                });
      }
    }
  }

  @Test
  void whatIsNoTcpSocketHasNothingToTell() {
    assertThat(TcpInfo.of(0)).isEmpty();
    assertThat(TcpInfo.of(-1)).isEmpty();
  }

  /** The descriptors of this process that are sockets. */
  private static List<Integer> sockets() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(TcpInfoTest::isSocket)
          .map(link -> Integer.valueOf(link.getFileName().toString()))
          .toList();
    }
  }

  private static boolean isSocket(Path link) {
    try {
      return Files.readSymbolicLink(link).toString().startsWith("socket:");
    } catch (IOException e) {
      return false;
    }
  }
}
