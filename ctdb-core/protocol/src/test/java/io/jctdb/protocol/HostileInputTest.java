package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.jctdb.protocol.PacketCodec.Decoded;
import io.jctdb.protocol.PacketCodec.Good;
import io.jctdb.protocol.Vectors.Vector;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Truncated and mutated packets: never an exception but {@link MalformedPacketException}. */
final class HostileInputTest {
  static java.util.List<Path> scenarios() throws Exception {
    return Vectors.files();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void nothingThrowsOutOfDecode(Path file) {
    Random random = new Random(file.getFileName().toString().hashCode());
    for (Vector vector : Vectors.read(file)) {
      byte[] bytes = vector.bytes();
      for (int i = 0; i < 12; i++) {
        byte[] hostile = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        setLength(hostile);
        assertThat(decode(hostile)).isNotNull();
        hostile = bytes.clone();
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
          hostile[random.nextInt(hostile.length)] = (byte) random.nextInt();
        }
        setLength(hostile);
        assertThat(decode(hostile)).isNotNull();
      }
      JsonNode type = vector.entry().path("decoded").path("body").path("data_type");
      if (type.isTextual() && PacketCodec.decode(bytes) instanceof Good good) {
        mistreat(type.asText(), data(good.packet()), random);
      }
    }
  }

  private static void mistreat(String type, byte[] data, Random random) {
    DataTypes.DataType decoder = DataTypes.named(type);
    for (int i = 0; i < 12; i++) {
      byte[] hostile = Arrays.copyOf(data, random.nextInt(data.length + 8));
      for (int flips = random.nextInt(3); flips > 0 && hostile.length > 0; flips--) {
        hostile[random.nextInt(hostile.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(decoder.reencode().apply(hostile)).isNotNull();
      } catch (MalformedPacketException e) {
        assertThat(e).hasMessageMatching(".+");
      }
    }
  }

  private static Decoded decode(byte[] bytes) {
    return PacketCodec.decode(bytes);
  }

  private static byte[] data(Packet packet) {
    return switch (packet) {
      case Packet.RequestControl p -> p.data();
      case Packet.ReplyControl p -> p.data();
      case Packet.RequestMessage p -> p.data();
      default -> Payload.empty();
    };
  }

  /** So that the length is not always what gives it away. */
  private static void setLength(byte[] packet) {
    for (int i = 0; i < 4 && i < packet.length; i++) {
      packet[i] = (byte) (packet.length >>> (8 * i));
    }
  }
}
