package io.jctdb.database;

import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.List;

/**
 * A member's part in one traverse: scans the local store in slices, with other work in between, and
 * sends a chunk at a time. Owner thread only.
 */
final class TraverseReader {
  private static final int SLICE_RECORDS_MAX = 200;
  private static final int CHUNK_BYTES = 64 << 10;

  /** While only chains remain that other processes hold. */
  private static final long BUSY_PAUSE_NANOS = 100_000;

  private final NodePort port;
  private final int origin;
  private final TraverseMessage.Start request;
  private final RecordStore.Scan scan;
  private final Runnable finished;
  private List<TraverseMessage.Entry> chunk = new ArrayList<>();
  private long chunkBytes;

  /** So many that a slice of records like the last ones fills about a chunk. */
  private int sliceRecords = 20;

  private boolean stopped;

  TraverseReader(
      NodePort port,
      int origin,
      TraverseMessage.Start request,
      RecordStore.Scan scan,
      Runnable finished) {
    this.port = port;
    this.origin = origin;
    this.request = request;
    this.scan = scan;
    this.finished = finished;
  }

  /** Fills and sends the next chunk. */
  void next() {
    if (stopped) {
      return;
    }
    int before = chunk.size();
    long bytesBefore = chunkBytes;
    boolean more =
        scan.next(
            sliceRecords,
            (key, record) -> {
              boolean ours = record.header().dmaster() == port.self();
              if (ours && (request.withEmptyRecords() || !record.isEmpty())) {
                TraverseMessage.Entry entry = new TraverseMessage.Entry(key, record);
                chunk.add(entry);
                chunkBytes += entry.size();
              }
            });
    adaptSlice(chunk.size() - before, chunkBytes - bytesBefore);
    if (!more) {
      stopped = true;
      send(true);
      finished.run();
    } else if (chunkBytes >= CHUNK_BYTES) {
      send(false);
    } else {
      port.after(chunk.size() == before ? BUSY_PAUSE_NANOS : 0, this::next);
    }
  }

  private void adaptSlice(int records, long bytes) {
    if (records > 0) {
      long fill = CHUNK_BYTES * (long) records / bytes;
      sliceRecords = (int) Math.clamp(fill, 1, SLICE_RECORDS_MAX);
    }
  }

  void stop() {
    stopped = true;
  }

  private void send(boolean last) {
    port.send(origin, new TraverseMessage.Chunk(request.id(), chunk, last));
    chunk = new ArrayList<>();
    chunkBytes = 0;
  }
}
