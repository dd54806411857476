package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.linux.Tdb;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.OwnerThread;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullUnmarked;

/**
 * The main program of a child process that uses a database file as smbd (or another daemon) does.
 * One command a line on standard input, one reply a line on standard output; see the switch.
 */
@NullUnmarked
final class SmbdLike {
  private static Tdb tdb;

  private SmbdLike() {}

  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      try {
        out.println(execute(words));
      } catch (RuntimeException e) {
        out.println("error " + e);
      }
      out.flush();
    }
  }

  private static String execute(String[] words) {
    return switch (words[0]) {
      case "open" -> {
        int flags = Integer.parseInt(words[2]);
        tdb = Tdb.open(Path.of(words[1]), 10007, flags, Tdb.O_RDWR | Tdb.O_CREAT, 0644);
        yield "ok";
      }
      case "close" -> {
        if (tdb != null) {
          tdb.close();
        }
        yield "ok";
      }
      case "lock" -> {
        tdb.chainLock(key(words[1]));
        yield "ok";
      }
      case "trylock" -> tdb.tryChainLock(key(words[1])) ? "ok" : "busy";
      case "unlock" -> {
        tdb.chainUnlock(key(words[1]));
        yield "ok";
      }
      case "lockall" -> {
        tdb.lockAll();
        yield "ok";
      }
      case "unlockall" -> {
        tdb.unlockAll();
        yield "ok";
      }
      case "count" -> tdb.traverseRead((key, value) -> true) + "";
      case "increment" -> {
        for (int i = Integer.parseInt(words[2]); i > 0; i--) {
          increment(key(words[1]));
        }
        yield "ok";
      }
      case "store-forever" ->
          storeForever(Path.of(words[1]), words[2], new Random(words[3].hashCode()));
      case "commit-forever" -> commitForever(Path.of(words[1]));
      default -> "error: what is " + words[0] + "?";
    };
  }

  private static byte[] key(String word) {
    return word.getBytes(UTF_8);
  }

  /** As fetch_locked, modify, store, unlock does it in smbd. */
  private static void increment(byte[] key) {
    tdb.chainLock(key);
    try {
      byte[] value = tdb.fetch(key);
      byte[] changed = value == null ? new byte[32] : value.clone();
      ByteBuffer counter = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
      counter.putLong(24, counter.getLong(24) + 1);
      tdb.store(key, changed);
    } finally {
      tdb.chainUnlock(key);
    }
  }

  /** Stores growing numbers under few keys, in values of all sizes, saying so after each. */
  private static String storeForever(Path file, String mode, Random random) {
    OwnerThread owner = new OwnerThread();
    TdbRecordStore store =
        TdbRecordStore.open(
            file, TdbOpenMode.valueOf(mode), new TdbGeometry(101, 5), owner, new LockWaiters(2));
    for (int number = 1; ; number++) {
      int n = number;
      byte[] data = new byte[8 + random.nextInt(3000)];
      ByteBuffer.wrap(data).putLong(n);
      String name = "key" + random.nextInt(300);
      owner.run(
          () ->
              store.locked(
                  new Key(key(name)), record -> record.store(new RecordHeader(n, 0, 0), data)));
      System.out.println(name + " " + n);
    }
  }

  /** Transactions that write their number to five keys and grow the file, saying so after each. */
  private static String commitForever(Path file) {
    TdbTransactionStore store =
        TdbTransactionStore.open(file, TdbOpenMode.PERSISTENT, new TdbGeometry(101, 5));
    StoredRecord last = store.fetch(new Key(key("same0")));
    long number = last == null ? 0 : last.header().rsn();
    while (true) {
      number++;
      List<TransactionStore.Update> updates = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        updates.add(update("same" + i, number, 8));
      }
      updates.add(update("ring" + number % 200, number, (int) (number * 37 % 2000)));
      store.apply(updates);
      System.out.println(number);
    }
  }

  private static TransactionStore.Update update(String name, long number, int bytes) {
    return new TransactionStore.Update(
        new Key(key(name)), new StoredRecord(new RecordHeader(number, 0, 0), new byte[bytes]));
  }
}
