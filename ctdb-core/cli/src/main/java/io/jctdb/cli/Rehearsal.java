package io.jctdb.cli;

import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The load of a busy day in half a minute, on a cluster made for it: {@code Rehearsal SOCKET...}.
 * While it plays, one of the daemons records what its Java machine has to compile, so that after
 * the installation every daemon is quick from its first request on ({@code make-start-cache}).
 *
 * <p>One client on each node wants the same records as the others, writes to the next node's
 * client, and the first one commits to a persistent database.
 */
final class Rehearsal {
  private static final int RECORDS = 50;

  /** A method is compiled for good when it has run 5,000 to 15,000 times. */
  private static final int ROUNDS = 500;

  /** On a machine that is busy otherwise, half of it will do. */
  private static final long LIMIT_SECONDS = 60;

  private static final long ANSWER_MILLIS = 10_000;
  private static final long MESSAGE_MILLIS = 50;
  private static final long SRVID = 0x4A43_5444_5245_4800L;

  private final long endNanos;
  private final List<Path> sockets;
  private final CountDownLatch attached;

  private Rehearsal(long endNanos, List<Path> sockets) {
    this.endNanos = endNanos;
    this.sockets = sockets;
    this.attached = new CountDownLatch(sockets.size());
  }

  public static void main(String[] arguments) throws InterruptedException {
    List<Path> sockets = Arrays.stream(arguments).map(Path::of).toList();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    Rehearsal rehearsal = new Rehearsal(end, sockets);
    List<Thread> players =
        sockets.stream()
            .map(socket -> Thread.ofPlatform().unstarted(() -> rehearsal.play(socket)))
            .toList();
    players.forEach(Thread::start);
    for (Thread player : players) {
      player.join();
    }
  }

  private void play(Path socket) {
    Host host = new SystemHost();
    try (DaemonClient client = new DaemonClient(host, host.connect(socket), ANSWER_MILLIS)) {
      client.askPnn();
      int records = attach(client, Control.DB_ATTACH, "rehearsal.tdb");
      client.register(SRVID);
      attached.countDown();
      attached.await();
      boolean commits = client.pnn() == 0;
      int persistent =
          commits ? attach(client, Control.DB_ATTACH_PERSISTENT, "rehearsal_persistent.tdb") : 0;
      for (int round = 1; round <= ROUNDS && System.nanoTime() < endNanos; round++) {
        for (int record = 0; record < RECORDS; record++) {
          client.migrate(records, bytes("record " + record), CallId.NULL, false);
          client.message((client.pnn() + 1) % sockets.size(), SRVID, new byte[100]);
        }
        for (int message = 0; message < RECORDS; message++) {
          if (client.awaitMessage(SRVID, MESSAGE_MILLIS) == null) {
            break; // the node before this one has ended, or is late
          }
        }
        if (commits) {
          commit(client, persistent, round);
        }
      }
    } catch (Host.ConnectFailure e) {
      host.err().line("rehearsal: no daemon at " + socket);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int attach(DaemonClient client, Control kind, String name) {
    return Payload.u32(client.data(client.pnn(), kind, Payload.ofCstr(name)));
  }

  /** The database is new and nobody else writes it, so all numbers are known beforehand. */
  private static void commit(DaemonClient client, int database, long number) {
    byte[] sequence = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    RecordHeader header = new RecordHeader(number, client.pnn(), 0);
    List<RecordData> changes =
        List.of(
            RecordData.of(0, new Key(bytes("key")), header, bytes("value " + number)),
            RecordData.of(0, new Key(Transaction.SEQUENCE_KEY), header, sequence));
    client.askWithSrvid(
        client.pnn(),
        Control.TRANS3_COMMIT,
        Integer.toUnsignedLong(database),
        new MarshallBuffer(database, changes).encode(),
        ANSWER_MILLIS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
