package io.jctdb.daemon.control;

import io.jctdb.daemon.client.ClientConnection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which client has which tunnel on this node: at most one each (sheet 2.9). Owner thread only. */
public final class Tunnels {
  private final Map<Long, ClientConnection> clients = new HashMap<>();

  boolean register(long tunnelId, ClientConnection client) {
    return clients.putIfAbsent(tunnelId, client) == null;
  }

  boolean deregister(long tunnelId, ClientConnection client) {
    return clients.remove(tunnelId, client);
  }

  public @Nullable ClientConnection clientOf(long tunnelId) {
    return clients.get(tunnelId);
  }

  public void closed(ClientConnection client) {
    clients.values().removeIf(c -> c == client);
  }
}
