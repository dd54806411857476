package io.jctdb.tests.bench;

import io.jctdb.protocol.Control;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Messages of 100 bytes from a client on one node to a client on another, 256 under way at most.
 */
final class Messages implements Benchmark {
  private static final int WARM_UP = 20_000;
  private static final int COUNT = 100_000;
  private static final int UNDER_WAY = 256;

  @Override
  public String run(List<Path> roots) throws IOException, InterruptedException {
    long srvid = 0x4A43_5444_0000_0000L | (System.nanoTime() & 0xFFFF_FFFFL);
    try (NodeClient sender = new NodeClient(roots.get(0));
        NodeClient receiver = new NodeClient(roots.get(1))) {
      receiver.control(Control.REGISTER_SRVID, srvid, new byte[0]);
      pass(sender, receiver, srvid, WARM_UP);
      long started = System.nanoTime();
      pass(sender, receiver, srvid, COUNT);
      double seconds = (System.nanoTime() - started) / 1e9;
      return "messages_per_s=%.0f".formatted(COUNT / seconds);
    }
  }

  private static void pass(NodeClient sender, NodeClient receiver, long srvid, int count)
      throws InterruptedException, IOException {
    Semaphore room = new Semaphore(UNDER_WAY);
    Thread sending =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    byte[] data = new byte[100];
                    for (int sent = 0; sent < count; sent++) {
                      room.acquire();
                      sender.sendMessage(receiver.pnn(), srvid, data);
                    }
                  } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException("the sender failed", e);
                  }
                });
    for (int got = 0; got < count; got++) {
      receiver.nextMessage();
      room.release();
    }
    sending.join();
  }
}
