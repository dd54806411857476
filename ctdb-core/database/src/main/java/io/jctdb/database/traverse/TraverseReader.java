package io.jctdb.database.traverse;

import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.RemoteOwners;
import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

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
  private final RemoteOwners owners;
  private final Runnable finished;
  private List<TraverseMessage.Entry> chunk = new ArrayList<>();
  private long chunkBytes;

  /** So many that a slice of records like the last ones fills about a chunk. */
  private int sliceRecords = 20;

  /** How many chunks may be sent before the origin has passed one on. */
  private int allowed;

  /** A step is under way, or will be. */
  private boolean reading;

  private boolean stopped;

  TraverseReader(
      NodePort port,
      int origin,
      TraverseMessage.Start request,
      RecordStore.Scan scan,
      RemoteOwners owners,
      Runnable finished) {
    this.port = port;
    this.origin = origin;
    this.request = request;
    this.scan = scan;
    this.owners = owners;
    this.finished = finished;
  }

  /** So many chunks more may be sent. */
  void allow(int chunks) {
    allowed = Math.min(allowed + chunks, TraverseMessage.AHEAD_MAX);
    if (!reading) {
      next();
    }
  }

  /** Goes on with the next chunk, and sends it when it is full. */
  private void next() {
    reading = !stopped && allowed > 0;
    if (!reading) {
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
      allowed--;
      send(false);
      reading = allowed > 0;
      if (reading) {
        port.after(0, this::next);
      }
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
    Set<Integer> others = last ? owners.mayOwn(request.dbId()) : Set.of();
    port.send(origin, new TraverseMessage.Chunk(request.id(), chunk, last, others));
    chunk = new ArrayList<>();
    chunkBytes = 0;
  }
}
