package io.jctdb.daemon.client;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The connected clients, by process. A process has several connections. Owner thread only. */
public final class ClientRegistry {
  private final Set<ClientConnection> all = new LinkedHashSet<>();
  private final Map<Integer, Deque<ClientConnection>> byPid = new HashMap<>();

  void add(ClientConnection client) {
    all.add(client);
    byPid.computeIfAbsent(client.pid(), p -> new ArrayDeque<>(2)).addFirst(client);
  }

  void remove(ClientConnection client) {
    all.remove(client);
    Deque<ClientConnection> connections = byPid.get(client.pid());
    if (connections != null) {
      connections.remove(client);
      if (connections.isEmpty()) {
        byPid.remove(client.pid());
      }
    }
  }

  public int size() {
    return all.size();
  }

  /** The newest connection of a process, or null if it has none. */
  public @Nullable ClientConnection newestOf(int pid) {
    Deque<ClientConnection> connections = byPid.get(pid);
    return connections == null ? null : connections.peekFirst();
  }

  /** The processes to which these connections ({@link ClientConnection#id}) belong. */
  public Set<Integer> processesOf(Set<Long> ids) {
    return all.stream()
        .filter(client -> ids.contains(client.id()))
        .map(ClientConnection::pid)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether some connection of that process has registered that srvid. */
  public boolean hasRegistered(int pid, long srvid) {
    Collection<ClientConnection> connections = byPid.getOrDefault(pid, new ArrayDeque<>(0));
    return connections.stream().anyMatch(c -> c.hasRegistered(srvid));
  }

  /** Closes every connection. smbd and its like exit at once when that happens, by their design. */
  public void closeAll() {
    List<ClientConnection> copy = new ArrayList<>(all);
    copy.forEach(ClientConnection::close);
  }
}
