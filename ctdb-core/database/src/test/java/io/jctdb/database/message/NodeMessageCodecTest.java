package io.jctdb.database.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.Key;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NodeMessageCodecTest {
  private static final Key KEY = new Key("key".getBytes(StandardCharsets.UTF_8));

  static Stream<NodeMessage> messages() {
    Epoch epoch = new Epoch(9, new TreeSet<>(Set.of(0, 1, 5)), new TreeSet<>(Set.of(1)));
    CopyNumbers behind = new CopyNumbers(new TreeMap<>(Map.of(7, 1L << 33, -8, 0L)));
    return Stream.of(
        new RecordMessage.Locate(1L << 40, 0x7A19D84D, KEY, 3, true),
        new RecordMessage.Yield(1, 2, KEY, 3, 4, 5, RecordMessage.IF_OWNER, 7),
        new RecordMessage.NotOwner(1, 2, KEY, 3),
        new RecordMessage.Grant(1, 2, KEY, 3, 4, 0x10000, 5, new byte[1000]),
        new RecordMessage.Grant(1, 2, KEY, 3, 4, 0, 5, new byte[1], behind),
        new RecordMessage.Yield(1, 2, KEY, 3, 4, 5, 6, true, 7, behind),
        new RecordMessage.Acquired(1, 2, KEY, 3),
        new RecordMessage.Declined(1, 2, KEY, 3),
        new RecordMessage.Query(1, 2, KEY, 3, 4, 5),
        new RecordMessage.Answer(
            1, 2, KEY, 3, RecordMessage.Holding.COPY, 4, true, new TreeSet<>(Set.of(-1, 4))),
        new RecordMessage.Bury(1, 2, KEY, 3),
        new RecordMessage.Purge(1, 2, KEY, 3, 4, 5),
        new RecordMessage.Purged(1, 2, KEY, 3, true),
        new RecordMessage.Inter(1, 2, new Key(new byte[0]), 3, 4),
        new RecordMessage.Interred(1, 2, KEY, 3, false),
        new RecordMessage.Forget(1, 2, KEY, 3),
        new KeeperMessage.Alive(1, KeeperMessage.NOBODY, true),
        new KeeperMessage.Copies(1, 2, false, new long[] {3, -4}),
        new KeeperMessage.Noted(1, 2),
        new RecordMessage.Note(1, 2, KEY, 3, 4, 5),
        new RecordMessage.NoteTaken(1, 2, KEY, 3),
        new RecordMessage.Copied(1, 2, KEY, 3),
        new RecordMessage.Revoke(1, 2, KEY, 3),
        new RecordMessage.Revoked(1, 2, KEY, 3),
        new KeeperMessage.AskNotes(1, 2, 3, 4),
        new KeeperMessage.Notes(1, 2, 3, 4, true, new long[] {5, -6}),
        new KeeperMessage.Since(5, 4),
        new EpochMessage.Prepare(8, epoch),
        new EpochMessage.Promise(9),
        new EpochMessage.Refuse(9, 10),
        new EpochMessage.Commit(9),
        new EpochMessage.Started(9),
        new LeaseMessage.Ping(1, 2),
        new LeaseMessage.Ack(1, 2, 3, 4, 5),
        new LeaseMessage.Silent(1, 2, 3, 4, 5, true),
        new LeaseMessage.Lives(1, new TreeMap<>(Map.of(0, 7L, 2, 9L))));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void whatIsWrittenIsRead(NodeMessage message) {
    byte[] bytes = NodeMessageCodec.encode(message);
    NodeMessage read = NodeMessageCodec.decode(bytes);
    assertThat(read).usingRecursiveComparison().isEqualTo(message);
    assertThat(NodeMessageCodec.encode(read)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @MethodSource("messages")
  void aPieceOfAMessageIsRefused(NodeMessage message) {
    byte[] bytes = NodeMessageCodec.encode(message);
    for (int length = 0; length < Math.min(bytes.length, 100); length++) {
      byte[] piece = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> NodeMessageCodec.decode(piece))
          .isInstanceOf(MalformedMessageException.class);
    }
    byte[] tooLong = Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(() -> NodeMessageCodec.decode(tooLong))
        .isInstanceOf(MalformedMessageException.class);
  }
}
