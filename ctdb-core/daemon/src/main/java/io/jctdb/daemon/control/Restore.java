package io.jctdb.daemon.control;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One database that is kept still so that its content can be replaced: what was said about it so
 * far, and who waits for its end. What is wiped and pushed is gathered here; nothing of it is in
 * the database before the commit. Owner thread only.
 */
final class Restore {
  private final AttachedDatabase database;
  private final MessageRouter router;
  private final long pushedBytesMax;
  private final List<ControlReply> freezing = new ArrayList<>();
  private final List<Runnable> afterThaw = new ArrayList<>();
  private List<Update> pushed = new ArrayList<>();
  private boolean frozen;
  private boolean open;
  private int transactionId;
  private boolean wiped;
  private long pushedBytes;
  private @Nullable String pushProblem;
  private long pushSrvid;
  private MessageRouter.@Nullable MessageListener pushListener;

  /** What a transaction says the database is to contain. */
  record Content(boolean wiped, List<Update> records) {}

  Restore(AttachedDatabase database, MessageRouter router, long pushedBytesMax) {
    this.database = database;
    this.router = router;
    this.pushedBytesMax = pushedBytesMax;
  }

  AttachedDatabase database() {
    return database;
  }

  /** Answered when the database is still, or when it is let go before that. */
  void answerWhenFrozen(ControlReply reply) {
    if (frozen) {
      reply.ok();
    } else {
      freezing.add(reply);
    }
  }

  void frozen() {
    frozen = true;
    freezing.forEach(ControlReply::ok);
    freezing.clear();
  }

  boolean isFrozen() {
    return frozen;
  }

  void afterThaw(Runnable task) {
    afterThaw.add(task);
  }

  /** The end: whoever waits is told. */
  void letGo() {
    abandon();
    freezing.forEach(ControlReply::fail);
    freezing.clear();
    List<Runnable> tasks = List.copyOf(afterThaw);
    afterThaw.clear();
    tasks.forEach(Runnable::run);
  }

  // --- the transaction ---------------------------------------------------------------------------

  void begin(int id) {
    abandon();
    open = true;
    transactionId = id;
  }

  boolean isOpen(int id) {
    return open && transactionId == id;
  }

  void wipe() {
    wiped = true;
    clearPushed();
  }

  /** Forgets what was wiped and pushed. */
  void abandon() {
    stopPush();
    open = false;
    wiped = false;
    clearPushed();
  }

  Content take() {
    Content content = new Content(wiped, List.copyOf(pushed));
    abandon();
    return content;
  }

  // --- pushed records ----------------------------------------------------------------------------

  void startPush(long srvid) {
    stopPush();
    clearPushed();
    pushSrvid = srvid;
    pushListener = (s, data) -> pushed(data);
    router.register(srvid, pushListener);
  }

  /**
   * Ends the push.
   *
   * @return the number of records, or −1 if they cannot be used: see {@link #pushProblem}
   */
  int confirmPush() {
    stopPush();
    return pushProblem == null ? pushed.size() : -1;
  }

  String pushProblem() {
    return String.valueOf(pushProblem);
  }

  /**
   * The database id inside is garbage from stock tools: the srvid alone says where this belongs.
   */
  private void pushed(byte[] data) {
    pushedBytes += data.length;
    if (pushedBytes > pushedBytesMax) {
      pushed = new ArrayList<>();
      pushProblem = "more than " + pushedBytesMax + " bytes of records were pushed";
      return;
    }
    try {
      List<Update> updates = DatabaseControls.updates(MarshallBuffer.decode(data));
      if (updates == null) {
        pushProblem = "a pushed record is too short to have a header";
      } else {
        pushed.addAll(updates);
      }
    } catch (MalformedPacketException e) {
      pushProblem = "pushed records are malformed: " + e.getMessage();
    }
  }

  private void clearPushed() {
    pushed = new ArrayList<>();
    pushedBytes = 0;
    pushProblem = null;
  }

  private void stopPush() {
    if (pushListener != null) {
      router.deregister(pushSrvid, pushListener);
      pushListener = null;
    }
  }
}
