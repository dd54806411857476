package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.eventscripts.EventPacket.Request;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packets captured from ctdbd 4.17's own tool and event daemon. */
class EventPacketTest {
  private static final int TOOL_ID = 0x7fffff38;

  @Test
  void aStatusRequestOfTheStockTool() throws Exception {
    assertThat(
            parse(
                "25000000 00000000 38ffff7f 02000000 07000000 6c656761637900 06000000"
                    + " 736574757000"))
        .isEqualTo(new Request.Status(TOOL_ID, "legacy", "setup"));
  }

  @Test
  void aRunRequestOfTheStockTool() throws Exception {
    assertThat(
            parse(
                "35000000 00000000 38ffff7f 01000000 07000000 6c656761637900 04000000 666f6f00"
                    + " 06000000 612062206300 0a000000 00000000"))
        .isEqualTo(new Request.Run(TOOL_ID, "legacy", "foo", "a b c", 10));
  }

  @Test
  void aReplyWithoutPayload() {
    Request run = new Request.Run(TOOL_ID, "legacy", "foo", "", 10);

    assertThat(hex(EventPacket.reply(run, 0)))
        .isEqualTo("140000000000000038ffff7f0100000000000000");
  }

  @Test
  void aStatusReplyBeginsAsCaptured() {
    Request.Status request = new Request.Status(TOOL_ID, "legacy", "setup");
    ScriptResult script =
        new ScriptResult(
            "00.ctdb",
            Instant.ofEpochSecond(0x6b00f4c6L, 0x09036f * 1000L),
            Instant.ofEpochSecond(0x6b00f4c6L, 0x090ce7 * 1000L),
            0,
            "");

    assertThat(hex(EventPacket.reply(request, new EventStatus(0, List.of(script)))))
        .isEqualTo(
            "50000000 00000000 38ffff7f 02000000 00000000 00000000 01000000".replace(" ", "")
                + "08000000 30302e6374646200 c6f4006b00000000 6f03090000000000".replace(" ", "")
                + "c6f4006b00000000 e70c090000000000 00000000 00000000".replace(" ", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10000000 00000000 01000000 09000000", // unknown command
        "10000000 00000000 01000000 02000000", // no payload
        "18000000 00000000 01000000 02000000 00000000 00000000", // names absent
        "14000000 00000000 01000000 02000000 ffffffff", // negative length
        "14000000 00000000 01000000 02000000 ffffff7f", // huge length
        "18000000 00000000 01000000 02000000 02000000 6161", // no NUL at the end
        "1a000000 00000000 01000000 02000000 03000000 610000", // NUL inside
        "20000000 00000000 01000000 03000000 02000000 6100 02000000 6200 07000000", // action
        "1e000000 00000000 01000000 02000000 02000000 6100 02000000 6200 00", // too long
      })
  void aMalformedPacketIsRefused(String hex) {
    assertThatThrownBy(() -> parse(hex)).isInstanceOf(EventPacket.Malformed.class);
  }

  @Test
  void aLengthNobodyWouldSendIsRefused() {
    for (int length : new int[] {-1, 0, 15, EventPacket.BYTES_MAX + 1, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> EventPacket.checkLength(length))
          .isInstanceOf(EventPacket.Malformed.class);
    }
  }

  @Test
  void anyBytesAreEitherARequestOrMalformed() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[16 + random.nextInt(40)];
      random.nextBytes(bytes);
      bytes[12] = (byte) random.nextInt(4);
      bytes[13] = bytes[14] = bytes[15] = 0;
      try {
        assertThat(EventPacket.parse(ByteBuffer.wrap(bytes))).isNotNull();
      } catch (EventPacket.Malformed e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }

  private static Request parse(String hex) throws EventPacket.Malformed {
    return EventPacket.parse(ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))));
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
