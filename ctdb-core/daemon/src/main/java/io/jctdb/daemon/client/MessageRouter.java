package io.jctdb.daemon.client;

import io.jctdb.protocol.Srvid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who on this node listens to which srvid, and the dispatch of messages to them (client-protocol.md
 * 5.1). Every registration gets a copy, the newest first; {@link Srvid#ALL} gets a copy of
 * everything. A client that registered an srvid twice gets two copies, as from ctdbd.
 *
 * <p>Owner thread only.
 */
public final class MessageRouter {
  private final Map<Long, List<MessageListener>> listeners = new HashMap<>();

  /** Receives messages: a client connection, or a part of the daemon itself. */
  @FunctionalInterface
  public interface MessageListener {
    void message(long srvid, byte[] data);
  }

  public void register(long srvid, MessageListener listener) {
    listeners.computeIfAbsent(srvid, s -> new ArrayList<>(1)).add(listener);
  }

  /** Removes the newest registration of that listener; false if there is none. */
  public boolean deregister(long srvid, MessageListener listener) {
    List<MessageListener> registered = listeners.get(srvid);
    if (registered == null) {
      return false;
    }
    int at = registered.lastIndexOf(listener);
    if (at < 0) {
      return false;
    }
    registered.remove(at);
    if (registered.isEmpty()) {
      listeners.remove(srvid);
    }
    return true;
  }

  /** Hands a message to all who registered its srvid on this node; nobody: dropped. */
  public void deliver(long srvid, byte[] data) {
    dispatch(listeners.get(srvid), srvid, data);
    if (srvid != Srvid.ALL) {
      dispatch(listeners.get(Srvid.ALL), srvid, data);
    }
  }

  private static void dispatch(
      @org.jspecify.annotations.Nullable List<MessageListener> to, long srvid, byte[] data) {
    if (to == null) {
      return;
    }
    // A copy, because a listener may register or be closed while it is told.
    List<MessageListener> copy = List.copyOf(to);
    for (int i = copy.size() - 1; i >= 0; i--) {
      copy.get(i).message(srvid, data);
    }
  }
}
