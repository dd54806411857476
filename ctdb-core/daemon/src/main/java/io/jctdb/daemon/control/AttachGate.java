package io.jctdb.daemon.control;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.RunState;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Decides when a client may attach (databases.md 2.4): never while AllowClientDBAttach is 0 or the
 * node is inactive; later while the databases are being recovered or the node is still starting; at
 * once otherwise, and always at once when another node's daemon asks. Those who wait are let in as
 * soon as the reason is gone; after DeferredAttachTO they are refused.
 *
 * <p>When the daemon ends and is no member, they would wait in vain, and with them the scripts that
 * stop Samba, which read its configuration from a database: they are refused at once. Owner thread
 * only.
 */
public final class AttachGate {
  private final ClusterView cluster;
  private final NodeLife life;
  private final NodePort port;
  private final BooleanSupplier allowed;
  private final IntSupplier deferSeconds;
  private final Set<Waiting> waiting = new LinkedHashSet<>();

  private record Waiting(ControlRequest request, Runnable attach) {}

  public AttachGate(
      ClusterView cluster,
      NodeLife life,
      NodePort port,
      BooleanSupplier allowed,
      IntSupplier deferSeconds) {
    this.cluster = cluster;
    this.life = life;
    this.port = port;
    this.allowed = allowed;
    this.deferSeconds = deferSeconds;
    life.onRunState(s -> reconsider());
  }

  boolean clientsMayAttach() {
    return allowed.getAsBoolean();
  }

  void pass(ControlRequest request, Runnable attach) {
    if (!allowed.getAsBoolean()) {
      request.reply().fail();
    } else if (request.client() == null) {
      attach.run();
    } else if (cluster.isInactive() || isTooLate()) {
      request.reply().fail();
    } else if (mustWait()) {
      Waiting entry = new Waiting(request, attach);
      waiting.add(entry);
      port.after(
          TimeUnit.SECONDS.toNanos(deferSeconds.getAsInt()),
          () -> {
            if (waiting.remove(entry)) {
              request.reply().fail();
            }
          });
    } else {
      attach.run();
    }
  }

  /** To be called whenever the node's state may have changed. */
  public void reconsider() {
    if (mustWait() && !isTooLate()) {
      return;
    }
    List<Waiting> ready = new ArrayList<>(waiting);
    waiting.clear();
    ready.forEach(w -> pass(w.request, w.attach));
  }

  private boolean isTooLate() {
    return mustWait() && life.isAtLeast(RunState.SHUTDOWN) && cluster.epoch() == null;
  }

  private boolean mustWait() {
    return life.isRecovering() || !life.isAtLeast(RunState.STARTUP);
  }
}
