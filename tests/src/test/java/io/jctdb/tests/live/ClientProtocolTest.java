package io.jctdb.tests.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PullDb;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import io.jctdb.protocol.TransDb;
import io.jctdb.protocol.VnnMap;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a client can expect of the daemon whatever it says, and whatever others do. */
class ClientProtocolTest {
  private static final byte[] NOTHING = {};
  private static final long REPLY = 0xCE01_0000_0000_0077L;

  @TempDir static Path directory;
  private static LiveDaemon daemon;
  private Client client;

  @BeforeAll
  static void startDaemon() throws Exception {
    daemon = LiveDaemon.in(directory).start();
  }

  @AfterAll
  static void stopDaemon() throws Exception {
    daemon.close();
  }

  @BeforeEach
  void connect() throws IOException {
    client = daemon.connect();
  }

  @AfterEach
  void disconnect() throws IOException {
    client.close();
  }

  private static int attach(Client client, Control how, String name) throws IOException {
    return Payload.u32(client.ask(how, Payload.ofCstr(name)).data());
  }

  /** Controls that end or disturb the daemon on purpose when they are well-formed. */
  private static final Set<Integer> NOT_TRIED =
      Set.of(Control.SHUTDOWN.opcode(), Control.STOP_NODE.opcode(), Control.DISABLE_NODE.opcode());

  @Test
  void everyControlIsAnsweredWhateverItsData() throws IOException {
    List<byte[]> payloads = new ArrayList<>();
    for (int size : new int[] {0, 1, 3, 4, 5, 8, 12, 16, 24, 28, 32, 36, 56, 100}) {
      payloads.add(new byte[size]);
      byte[] ones = new byte[size];
      java.util.Arrays.fill(ones, (byte) 0xFF);
      payloads.add(ones);
    }
    for (int opcode = 0; opcode < 170; opcode++) {
      for (byte[] payload : payloads) {
        if (!NOT_TRIED.contains(opcode)) {
          assertThat(client.ask(opcode, 1, payload)).as("control %d", opcode).isNotNull();
        }
      }
    }
    assertThat(client.ask(0xFFFF_FFFF, 0, NOTHING).status()).isEqualTo(-1);
  }

  @Test
  void memoryOfTheRecoveryDaemonIsToldAlthoughThereIsNone() throws IOException {
    client.ask(Control.REGISTER_SRVID.opcode(), REPLY, NOTHING);
    client.write(Client.message(0, Srvid.MEM_DUMP, new SrvidMessage(0, REPLY).encode()));
    assertThat(new String(client.nextMessage(REPLY), StandardCharsets.UTF_8)).contains("heap");
  }

  @Test
  void whoDisablesRecoveriesHearsFromEveryNode() throws IOException {
    client.ask(Control.REGISTER_SRVID.opcode(), REPLY, NOTHING);
    byte[] disable = new DisableMessage(0, REPLY, 20).encode();
    client.write(Client.message(SpecialPnn.BROADCAST_CONNECTED, Srvid.DISABLE_RECOVERIES, disable));
    assertThat(Payload.u32(client.nextMessage(REPLY))).isEqualTo(0);
  }

  @Test
  void aFunctionThatDoesNotExistHasNotSucceeded() throws IOException {
    int db = attach(client, Control.DB_ATTACH, "calls.tdb");
    byte[] key = {1};
    assertThat(((Packet.ReplyCall) client.call(db, CallId.NULL, key)).status()).isZero();
    assertThat(((Packet.ReplyCall) client.call(db, 99, key)).status()).isEqualTo(-1);
    assertThat(client.call(0x1234, CallId.NULL, key)).isInstanceOf(Packet.ReplyError.class);
  }

  // --- wipe and restore --------------------------------------------------------------------------

  private int generation() throws IOException {
    return VnnMap.decode(client.ask(Control.GETVNNMAP, NOTHING).data()).generation();
  }

  private static byte[] records(int db, int count) {
    List<RecordData> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Key key = new Key(("key" + i).getBytes(StandardCharsets.US_ASCII));
      list.add(RecordData.of(0, key, new RecordHeader(1, 0, 0), new byte[] {7}));
    }
    return new MarshallBuffer(db, list).encode();
  }

  /** In one write, as a busy tool's packets arrive: "Node 0 received 0 of 3 records". */
  @Test
  void pushedRecordsAreCountedAlthoughTheConfirmationFollowsAtOnce() throws IOException {
    int db = attach(client, Control.DB_ATTACH_PERSISTENT, "restored.tdb");
    byte[] transaction = new TransDb(db, generation()).encode();
    assertThat(client.ask(Control.DB_FREEZE, Payload.ofU32(db)).status()).isZero();
    assertThat(client.ask(Control.DB_TRANSACTION_START, transaction).status()).isZero();
    assertThat(client.ask(Control.WIPE_DATABASE, transaction).status()).isZero();
    byte[] push = new PullDb(db, SpecialPnn.UNKNOWN, REPLY).encode();
    assertThat(client.ask(Control.DB_PUSH_START, push).status()).isZero();

    ByteArrayOutputStream together = new ByteArrayOutputStream();
    together.write(Client.message(0, REPLY, records(db, 3)));
    together.write(Client.control(5_000, Control.DB_PUSH_CONFIRM.opcode(), 0, Payload.ofU32(db)));
    client.write(together.toByteArray());
    Packet confirmed = client.next();
    while (confirmed instanceof Packet.RequestMessage) {
      confirmed = client.next();
    }
    assertThat(Payload.u32(((Packet.ReplyControl) confirmed).data())).isEqualTo(3);

    assertThat(client.ask(Control.DB_TRANSACTION_COMMIT, transaction).status()).isZero();
    assertThat(client.ask(Control.DB_THAW, Payload.ofU32(db)).status()).isZero();
  }

  /** A tool that fails asks for a recovery, and expects that nothing stays frozen after it. */
  @Test
  void aRecoveryLetsGoOfWhatAToolHasFrozen() throws IOException {
    int db = attach(client, Control.DB_ATTACH, "left-frozen.tdb");
    assertThat(client.ask(Control.DB_FREEZE, Payload.ofU32(db)).status()).isZero();
    int before = generation();
    assertThat(client.ask(Control.SET_RECMODE, Payload.ofU32(1)).status()).isZero();
    while (generation() == before || client.ask(Control.GET_RECMODE, NOTHING).status() != 0) {
      Thread.onSpinWait();
    }
    assertThat(client.call(db, CallId.NULL, new byte[] {1})).isInstanceOf(Packet.ReplyCall.class);
  }

  /** Samba 4.17 does not, but other programs may (client-protocol.md 5). */
  @Test
  void whoListensForRecoveriesHearsOfEachOne() throws IOException {
    client.ask(Control.REGISTER_SRVID.opcode(), Srvid.RECONFIGURE, NOTHING);
    for (int recovery = 0; recovery < 2; recovery++) {
      int before = generation();
      assertThat(client.ask(Control.SET_RECMODE, Payload.ofU32(1)).status()).isZero();
      assertThat(client.nextMessage(Srvid.RECONFIGURE)).isEmpty();
      assertThat(generation()).as("when it is told, the recovery is over").isNotEqualTo(before);
      assertThat(client.ask(Control.GET_RECMODE, NOTHING).status()).isZero();
    }
  }

  @Test
  void aTransactionNeedsAFrozenDatabase() throws IOException {
    int db = attach(client, Control.DB_ATTACH, "not-frozen.tdb");
    byte[] transaction = new TransDb(db, generation()).encode();
    assertThat(client.ask(Control.DB_TRANSACTION_START, transaction).status()).isEqualTo(-1);
    assertThat(client.ask(Control.DB_TRANSACTION_CANCEL, Payload.ofU32(db)).status()).isZero();
  }

  // --- bad input ---------------------------------------------------------------------------------

  @Test
  void packetsThatMakeNoSenseAreDroppedAndTheConnectionLives() throws IOException {
    byte[] good = Client.control(1, Control.GET_PNN.opcode(), 0, NOTHING);
    byte[] wrongMagic = good.clone();
    wrongMagic[4] ^= 1;
    byte[] unknownOperation = good.clone();
    unknownOperation[16] = 77;
    byte[] lyingAboutItsData = good.clone();
    lyingAboutItsData[57] = 100;
    client.write(new byte[] {5, 0, 0, 0, 9, 31, 0, 0, 0});
    client.write(new byte[27]);
    for (byte[] bad : List.of(wrongMagic, unknownOperation, lyingAboutItsData)) {
      client.write(bad);
    }
    assertThat(client.ask(Control.GET_PNN, NOTHING).status()).isZero();
  }

  @Test
  void lengthsThatCannotBeFollowedEndTheConnection() throws IOException {
    for (int length : new int[] {0, -16, 1 << 30}) {
      try (Client hostile = daemon.connect()) {
        hostile.write(Payload.ofU32(length));
        assertThat(hostile.isCutOff()).as("length %d", length).isTrue();
      }
    }
    assertThat(client.ask(Control.GET_PNN, NOTHING).status()).isZero();
  }

  // --- clients that do not read ------------------------------------------------------------------

  @Test
  void fromAClientThatDoesNotReadItsAnswersNothingMoreIsTaken() throws IOException {
    try (Client greedy = daemon.connect()) {
      byte[] request = Client.control(1, Control.GET_STAT_HISTORY.opcode(), 0, NOTHING);
      ByteBuffer many = ByteBuffer.allocate(20_000 * request.length); // answers: 976 MB
      while (many.hasRemaining()) {
        many.put(request);
      }
      many.flip();
      int refusals = 0;
      while (many.hasRemaining() && refusals < 100) {
        refusals = greedy.tryWrite(many) == 0 ? refusals + 1 : 0;
        assertThat(client.ask(Control.GET_PNN, NOTHING).status()).isZero();
      }
      assertThat(many.remaining()).as("bytes that were not taken").isGreaterThan(request.length);
      assertThat(greedy.next()).as("answers that wait are still there").isNotNull();
    }
    assertThat(daemon.isRunning()).isTrue();
  }

  @Test
  void aClientThatDoesNotReadItsMessagesIsCutOffBeforeTheyFillTheMemory() throws IOException {
    try (Client deaf = daemon.connect()) {
      deaf.ask(Control.REGISTER_SRVID.opcode(), REPLY, NOTHING);
      byte[] message = Client.message(0, REPLY, new byte[1 << 20]);
      for (int i = 0; i < 400; i++) {
        client.write(message);
      }
      assertThat(client.ask(Control.GET_PNN, NOTHING).status()).isZero();
      assertThat(deaf.isCutOff()).isTrue();
    }
    assertThat(daemon.isRunning()).isTrue();
  }

  @Test
  void registrationsHaveALimit() throws IOException {
    int made = 0;
    while (made < 20_000
        && client.ask(Control.REGISTER_SRVID.opcode(), 7_000 + made, NOTHING).status() == 0) {
      made++;
    }
    assertThat(made).isBetween(10_000, 19_999);
  }
}
