package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.FrameSplitter.Verdict;
import io.jctdb.protocol.Vectors.Vector;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FrameSplitterTest {
  private final List<byte[]> packets = new ArrayList<>();

  @Test
  void allCapturedPacketsSurviveAnySplitting() throws Exception {
    List<byte[]> sent = new ArrayList<>();
    for (Path file : Vectors.files()) {
      for (Vector vector : Vectors.read(file)) {
        if (vector.isDecoded()) {
          sent.add(vector.bytes());
        }
      }
    }
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    sent.forEach(stream::writeBytes);
    byte[] bytes = stream.toByteArray();
    Random random = new Random(417);
    FrameSplitter splitter = new FrameSplitter();
    for (int at = 0; at < bytes.length; ) {
      int most = random.nextInt(4) == 0 ? 5000 : 40;
      int size = Math.min(1 + random.nextInt(most), bytes.length - at);
      assertThat(feed(splitter, ByteBuffer.wrap(bytes, at, size))).isEqualTo(Verdict.CONTINUE);
      at += size;
    }
    assertThat(packets.toArray(byte[][]::new)).isDeepEqualTo(sent.toArray(byte[][]::new));
  }

  @Test
  void lengthZeroClosesTheConnection() {
    assertThat(feed(new FrameSplitter(), ByteBuffer.wrap(new byte[40]))).isEqualTo(Verdict.CLOSE);
  }

  @Test
  void shortLengthsAreSkippedByteForByte() {
    for (int length = 4; length < PacketHeader.SIZE; length++) {
      packets.clear();
      byte[] ping = ping();
      ByteBuffer stream = ByteBuffer.allocate(length + ping.length);
      stream.put(0, (byte) length);
      stream.put(length, ping);
      assertThat(feed(new FrameSplitter(), stream)).isEqualTo(Verdict.CONTINUE);
      assertThat(packets.toArray(byte[][]::new)).isDeepEqualTo(new byte[][] {ping});
    }
  }

  @Test
  void aLengthBelowFourEndsInsideItsOwnField() {
    // 02 00 | 00 00 28 00 ... : two bytes are skipped, the next length is 0x280000
    ByteBuffer stream = ByteBuffer.wrap(new byte[] {2, 0, 0, 0, 0x28, 0, 0, 0});
    assertThat(feed(new FrameSplitter(), stream)).isEqualTo(Verdict.CONTINUE);
    assertThat(packets).isEmpty();
  }

  @Test
  void aPromiseBeyondTheLimitClosesTheConnection() {
    FrameSplitter splitter = new FrameSplitter(1000);
    ByteBuffer stream = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 1001);
    assertThat(feed(splitter, stream)).isEqualTo(Verdict.CLOSE);
    ByteBuffer huge = ByteBuffer.allocate(4).putInt(0, -1);
    assertThat(feed(new FrameSplitter(), huge)).isEqualTo(Verdict.CLOSE);
  }

  @Test
  void manyBigPromisesCostNoMemoryUntilTheyAreKept() {
    List<FrameSplitter> connections = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      FrameSplitter splitter = new FrameSplitter();
      ByteBuffer start = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
      feed(splitter, start.putInt(0, FrameSplitter.DEFAULT_MAX_LENGTH));
      connections.add(splitter);
    }
    assertThat(connections).hasSize(100_000);
    assertThat(packets).isEmpty();
  }

  private Verdict feed(FrameSplitter splitter, ByteBuffer chunk) {
    return splitter.feed(chunk, packets::add);
  }

  private static byte[] ping() {
    PacketHeader header = new PacketHeader(0, SpecialPnn.CURRENT_NODE, 0, 7);
    return PacketCodec.encode(
        new Packet.RequestControl(header, Control.PING.opcode(), 0, 0, 0, Payload.empty()),
        Padding.TOOL);
  }
}
