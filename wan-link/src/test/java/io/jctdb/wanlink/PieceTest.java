package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PieceTest {
  private static final int MAX_FRAME_BYTES = 1 << 20;

  private final PieceReader reader = new PieceReader(MAX_FRAME_BYTES);
  private final List<Object> received = new ArrayList<>();

  @AfterEach
  void close() {
    reader.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void framesOfEveryLengthArriveWholeAndInOrder(boolean compress) {
    Random random = new Random(7);
    List<byte[]> sent = new ArrayList<>();
    try (PieceWriter writer = new PieceWriter(compress, MAX_FRAME_BYTES)) {
      for (int round = 0; round < 300; round++) {
        int length = round % 50 == 49 ? random.nextInt(MAX_FRAME_BYTES) : random.nextInt(400);
        byte[] frame = new byte[length];
        if (round % 2 == 0) {
          random.nextBytes(frame); // does not get shorter
        }
        sent.add(frame);
        writer.add(frame);
        if (random.nextInt(4) == 0) {
          drain(writer);
        }
      }
      drain(writer);
      assertThat(writer.bytes()).isZero();
    }
    assertThat(received).hasSize(sent.size());
    for (int i = 0; i < sent.size(); i++) {
      assertThat(((LinkFrame.Data) received.get(i)).payload()).isEqualTo(sent.get(i));
    }
  }

  @Test
  void smallFramesThatResembleTheEarlierOnesShrink() {
    long wire = 0;
    try (PieceWriter writer = new PieceWriter(true, MAX_FRAME_BYTES)) {
      for (int i = 0; i < 200; i++) {
        byte[] frame =
            ("LOCATE database locking.tdb key /srv/cluster/share/file-" + i + " ticket " + i * 7)
                .getBytes(StandardCharsets.US_ASCII);
        writer.add(frame);
        wire += drain(writer); // each on its own, as they come
      }
    }
    long raw = received.stream().mapToLong(f -> ((LinkFrame.Data) f).payload().length).sum();
    assertThat(received).hasSize(200);
    assertThat(wire).isLessThan(raw / 2);
  }

  @Test
  void aSmallPieceThatWouldBecomeAHugeOneIsRefused() {
    byte[] bomb = deflate(new byte[1 << 20]);
    assertThatThrownBy(() -> reader.read(new LinkFrame.Piece(true, 1000, bomb), received))
        .isInstanceOf(LinkException.class)
        .hasMessageContaining("claims 1000 bytes");
  }

  @Test
  void aPieceThatClaimsTooMuchIsRefusedBeforeItIsRead() {
    ByteBuf frame = Unpooled.buffer().writeByte(LinkFrame.DEFLATED).writeInt(Integer.MAX_VALUE);
    assertThatThrownBy(() -> LinkFrame.decode(frame))
        .isInstanceOf(LinkException.class)
        .hasMessageContaining("piece of 2147483647 bytes");
  }

  @Test
  void whatIsNoDeflateStreamIsRefused() {
    byte[] noise = {-1, -1, -1, -1, -1, -1};
    assertThatThrownBy(() -> reader.read(new LinkFrame.Piece(true, 50, noise), received))
        .isInstanceOf(LinkException.class);
    assertThatThrownBy(() -> reader.read(new LinkFrame.Piece(true, 50, new byte[0]), received))
        .isInstanceOf(LinkException.class);
  }

  @Test
  void onlyDataTravelsInPieces() {
    ByteBuf inner = Unpooled.buffer();
    LinkFrame.encode(new LinkFrame.Ping(1), inner);
    byte[] bytes = new byte[inner.readableBytes()];
    inner.readBytes(bytes);
    assertThatThrownBy(() -> reader.read(new LinkFrame.Piece(false, bytes.length, bytes), received))
        .isInstanceOf(LinkException.class)
        .hasMessageContaining("unexpected Ping in a piece");
  }

  @Test
  void aFrameLongerThanAllowedIsRefusedThoughItComesInPieces() {
    byte[] head = {0x7f, 0, 0, 0, 4, 1, 2};
    assertThatThrownBy(() -> reader.read(new LinkFrame.Piece(false, head.length, head), received))
        .isInstanceOf(LinkException.class)
        .hasMessageContaining("allowed are 1 to");
  }

  private static byte[] deflate(byte[] raw) {
    try (Deflater deflater = new Deflater(9, true)) {
      deflater.setInput(raw);
      byte[] out = new byte[raw.length];
      return java.util.Arrays.copyOf(
          out, deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH));
    }
  }

  /** Sends all pieces to the reader; gives their bytes. */
  private long drain(PieceWriter writer) {
    long wire = 0;
    while (!writer.isEmpty()) {
      ByteBuf piece = writer.next(UnpooledByteBufAllocator.DEFAULT);
      wire += piece.readableBytes();
      assertThat(FrameDecoder.cut(piece, MAX_FRAME_BYTES))
          .isInstanceOfSatisfying(LinkFrame.Piece.class, p -> reader.read(p, received));
      assertThat(piece.isReadable()).isFalse();
      piece.release();
    }
    return wire;
  }
}
