package io.jctdb.tests.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.SeqnumRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file system of the persistent databases is full. */
class FullDiskTest {
  @TempDir Path directory;

  @Test
  void aTransactionThatDoesNotFitFailsAndEverythingElseIsServed() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can mount");
    LiveDaemon daemon = LiveDaemon.in(directory);
    daemon.limitPersistentSpace("16m");
    try (LiveDaemon started = daemon.start();
        Client client = started.connect()) {
      int db = attach(client, Control.DB_ATTACH_PERSISTENT, "full.tdb");
      assertThat(commit(client, db, "small", 100).status()).isZero();
      long before = sequenceNumber(client, db);

      assertThat(commit(client, db, "large", 20 << 20).status()).isNotZero();

      assertThat(started.log())
          .containsPattern("full\\.tdb.*nothing was changed; its file system has \\d+ KiB free");
      assertThat(started.isRunning()).isTrue();
      assertThat(sequenceNumber(client, db)).as("nothing has changed").isEqualTo(before);
      int locks = attach(client, Control.DB_ATTACH, "locks.tdb");
      assertThat(client.call(locks, CallId.NULL, new byte[] {1}))
          .isInstanceOf(Packet.ReplyCall.class);
      assertThat(commit(client, db, "small again", 100).status()).isZero();
    }
  }

  private static int attach(Client client, Control how, String name) throws IOException {
    return Payload.u32(client.ask(how, Payload.ofCstr(name)).data());
  }

  private static Packet.ReplyControl commit(Client client, int db, String key, int size)
      throws IOException {
    RecordData record =
        RecordData.of(
            0,
            new Key(key.getBytes(StandardCharsets.US_ASCII)),
            new RecordHeader(1, 0, 0),
            new byte[size]);
    return client.ask(Control.TRANS3_COMMIT, new MarshallBuffer(db, List.of(record)).encode());
  }

  private static long sequenceNumber(Client client, int db) throws IOException {
    return Payload.u64(client.ask(Control.GET_DB_SEQNUM, new SeqnumRequest(db).encode()).data());
  }
}
