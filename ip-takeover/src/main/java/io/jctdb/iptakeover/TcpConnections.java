package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.TickleList;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TCP connections to public addresses, kept on every node, so that whoever takes an address can
 * wake its clients (client-protocol.md 3.9, cluster-and-failover.md 4.4).
 *
 * <p>Connections are compared by family, address and port, as {@link SockAddr} does.
 *
 * <p>Threading: owner thread.
 */
public final class TcpConnections {
  private static final Logger LOG = LoggerFactory.getLogger(TcpConnections.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  /** An address beyond this many connections would be tickled for minutes. */
  private static final int CONNECTIONS_MAX = 100_000;

  private final LocalAddresses addresses;
  private final AddressListener listener;
  private final Map<InetAddress, Set<Connection>> byAddress = new HashMap<>();
  private final Map<Long, Set<Connection>> byClient = new HashMap<>();

  /** Addresses whose list the other nodes do not have yet. */
  private final Set<InetAddress> changed = new HashSet<>();

  TcpConnections(LocalAddresses addresses, AddressListener listener) {
    this.addresses = addresses;
    this.listener = listener;
  }

  /**
   * TCP_CLIENT: smbd has accepted this connection.
   *
   * @param client the connection to the daemon that it came from
   */
  public int accepted(long client, Connection connection) {
    InetAddress address = connection.destination().address();
    if (addresses.isEmpty()) {
      return OK;
    }
    if (!addresses.isPublic(address)) {
      if (!address.isLoopbackAddress()) {
        LOG.debug("Connection to {}, which is not public", connection.destination());
      }
      return OK;
    }
    if (!addresses.isHere(address)) {
      LOG.warn("Connection to {}, which is not on this node now", connection.destination());
      return FAILED;
    }
    byClient.computeIfAbsent(client, id -> new LinkedHashSet<>()).add(connection);
    int status = add(connection, false);
    if (status == OK) {
      listener.connectionAdded(connection);
    }
    return status;
  }

  /**
   * The client has gone. Its connections are forgotten if their address is still here; otherwise
   * the new holder needs them.
   */
  public void clientGone(long client) {
    Set<Connection> connections = byClient.remove(client);
    if (connections != null) {
      connections.stream()
          .filter(connection -> addresses.isHere(connection.destination().address()))
          .forEach(this::remove);
    }
  }

  /** TCP_CLIENT_DISCONNECTED (newer Samba). */
  public int disconnected(long client, Connection connection) {
    if (disown(client, connection) && addresses.isHere(connection.destination().address())) {
      remove(connection);
      listener.connectionRemoved(connection);
    }
    return OK;
  }

  /** TCP_CLIENT_PASSED (newer Samba): it lives on in another smbd, which registers it. */
  public int passed(long client, Connection connection) {
    disown(client, connection);
    return OK;
  }

  private boolean disown(long client, Connection connection) {
    Set<Connection> connections = byClient.get(client);
    return connections != null && connections.remove(connection);
  }

  /**
   * TCP_ADD and TCP_ADD_DELAYED_UPDATE.
   *
   * @param delayedUpdate the others learn of it with the next distribution
   */
  public int add(Connection connection, boolean delayedUpdate) {
    InetAddress address = connection.destination().address();
    if (!addresses.isPublic(address)) {
      return FAILED;
    }
    Set<Connection> list = byAddress.computeIfAbsent(address, a -> new LinkedHashSet<>());
    if (list.size() >= CONNECTIONS_MAX && !list.contains(connection)) {
      LOG.error(
          "More than {} connections to {}: {} is not tracked",
          CONNECTIONS_MAX,
          NumericAddress.toString(address),
          connection.source());
      return FAILED;
    }
    if (list.add(connection) && delayedUpdate) {
      changed.add(address);
    }
    return OK;
  }

  /** TCP_REMOVE: fine for whatever is not known. */
  public int remove(Connection connection) {
    InetAddress address = connection.destination().address();
    Set<Connection> list = byAddress.get(address);
    if (list != null && list.remove(connection)) {
      changed.add(address);
    }
    return OK;
  }

  /**
   * GET_TCP_TICKLE_LIST: with a port, only connections to that port.
   *
   * @return empty if this node does not know the address (status 1)
   */
  public Optional<TickleList> list(SockAddr address) {
    if (!addresses.isPublic(address.address())) {
      return Optional.empty();
    }
    List<Connection> list = new ArrayList<>();
    for (Connection connection : byAddress.getOrDefault(address.address(), Set.of())) {
      if (address.port() == 0 || connection.destination().port() == address.port()) {
        list.add(connection);
      }
    }
    return Optional.of(new TickleList(address, list));
  }

  /** SET_TCP_TICKLE_LIST: the holder's list; ignored by the holder. Status 1: not public. */
  public int replace(TickleList list) {
    InetAddress address = list.address().address();
    if (!addresses.isPublic(address)) {
      return 1;
    }
    if (!addresses.isHere(address)) {
      List<Connection> accepted =
          list.connections().stream()
              .filter(connection -> connection.destination().address().equals(address))
              .limit(CONNECTIONS_MAX)
              .toList();
      byAddress.put(address, new LinkedHashSet<>(accepted));
    }
    return OK;
  }

  /** Every TickleUpdateInterval: gives the others the lists that have changed. */
  public void distribute() {
    for (InetAddress address : Set.copyOf(changed)) {
      if (addresses.isHere(address)) {
        list(new SockAddr(address, 0)).ifPresent(listener::connectionsChanged);
      }
    }
    changed.clear();
  }

  /** A node has started: it needs all lists at the next distribution. */
  public void distributeAllNext() {
    changed.addAll(byAddress.keySet());
  }

  /** The connections of an address just taken; clients that come back register anew. */
  List<Connection> takeAll(InetAddress address) {
    Set<Connection> list = byAddress.remove(address);
    if (list == null || list.isEmpty()) {
      return List.of();
    }
    changed.add(address);
    return List.copyOf(list);
  }

  void forget(InetAddress address) {
    byAddress.remove(address);
    changed.remove(address);
  }
}
