package io.jctdb.tests.bench;

import io.jctdb.linux.LinuxException;
import io.jctdb.linux.Tdb;
import io.jctdb.linux.ThreadPriority;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Runs one benchmark against the nodes whose root directories are given; prints its figures. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 3) {
      System.err.println(
          "usage: (migration|hot|messages|transactions|remote) NODE-ROOT NODE-ROOT...");
      System.exit(1);
    }
    Benchmark benchmark =
        switch (arguments[0]) {
          case "migration" -> new Migration();
          case "hot" -> new HotRecord();
          case "messages" -> new Messages();
          case "transactions" -> new Transactions();
          case "remote" -> new RemoteAccess();
          default -> throw new IllegalArgumentException("no benchmark " + arguments[0]);
        };
    // libtdb opens no file with mutexes before it has been asked, and may be asked by one thread
    // only.
    if (!Tdb.robustMutexesWork()) {
      throw new IOException("robust mutexes do not work in this process");
    }
    raise();
    List<Path> roots = Arrays.stream(arguments).skip(1).map(Path::of).toList();
    System.out.println(benchmark.run(roots));
  }

  /** What else this machine does is not to be measured; both daemons are raised, too. */
  private static void raise() {
    try {
      ThreadPriority.raiseThisThread(ThreadPriority.HIGHEST);
    } catch (LinuxException e) {
      System.err.println("measured at normal priority: " + e.getMessage());
    }
  }
}
