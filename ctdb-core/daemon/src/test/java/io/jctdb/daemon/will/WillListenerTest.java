package io.jctdb.daemon.will;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A port that anybody can send to. */
class WillListenerTest {
  private static final String SECRET = "0123456789abcdef".repeat(4);
  private static final InetSocketAddress SOMEBODY =
      new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 1000);

  private long now = 1;
  private final List<String> told = new ArrayList<>();
  private final WillListener listener =
      new WillListener((secret, pnn) -> told.add(pnn + ":" + secret.length), () -> now);

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void aLaunchersMessageIsHeard() {
    listener.received(ascii("JCTDB-WILL 1 7 " + SECRET + "\n"), SOMEBODY);
    listener.received(ascii("JCTDB-WILL 1 0 " + SECRET), SOMEBODY);
    assertThat(told).containsExactly("7:32", "0:32");
  }

  @Test
  void theSecretIsTakenAsItIs() {
    WillMessage message = WillMessage.parse(ascii("JCTDB-WILL 1 7 " + SECRET)).orElseThrow();
    assertThat(message.pnn()).isEqualTo(7);
    assertThat(message.secret())
        .startsWith(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef)
        .hasSize(32);
    assertThat(message.toString()).doesNotContain("0123");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "JCTDB-WILL",
        "JCTDB-WILL 2 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 -7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 9999999999 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "JCTDB-WILL 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "JCTDB-WILL 1 7 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
        "JCTDB-WILL 1 7  0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n",
        "JCTDB-WILL 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nx",
        "jctdb-will 1 7 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "JCTDB-WILL 1 \u00b2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      })
  void anythingElseIsNot(String text) {
    listener.received(ascii(text), SOMEBODY);
    assertThat(told).isEmpty();
  }

  @Test
  void noBytesWhateverDoHarm() {
    Random random = new Random(4379);
    byte[] good = ascii("JCTDB-WILL 1 7 " + SECRET + "\n");
    for (int i = 0; i < 50_000; i++) {
      now += 2_000_000_000L;
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length - 66)] ^= (byte) (1 + random.nextInt(255));
      listener.received(i % 2 == 0 ? bad : junk(random), SOMEBODY);
    }
    assertThat(told).allMatch(line -> line.matches("\\d:32"));
  }

  private static byte[] junk(Random random) {
    byte[] bytes = new byte[random.nextInt(2_000)];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void aFloodCostsNoMoreThanSoMuchASecond() {
    for (int i = 0; i < 100_000; i++) {
      listener.received(ascii("JCTDB-WILL 1 7 " + SECRET), SOMEBODY);
    }
    assertThat(told).hasSize(WillListener.MESSAGES_A_SECOND_MAX);
    now += 1_000_000_000L;
    listener.received(ascii("JCTDB-WILL 1 8 " + SECRET), SOMEBODY);
    assertThat(told).last().isEqualTo("8:32");
  }
}
