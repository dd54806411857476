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

  private final LocalTable addresses;
  private final Announcements announcements;
  private final AddressListener listener;
  private final Map<InetAddress, Set<Connection>> byAddress = new HashMap<>();
  private final Map<Long, Set<Connection>> byClient = new HashMap<>();

  /** Addresses whose list the other nodes do not have yet. */
  private final Set<InetAddress> changed = new HashSet<>();

  private ConnectionKeeper keeper = ConnectionKeeper.NONE;

  /** Something differs from what the keeper has. */
  private boolean unkept;

  TcpConnections(LocalTable addresses, Announcements announcements, AddressListener listener) {
    this.addresses = addresses;
    this.announcements = announcements;
    this.listener = listener;
  }

  /** Goes on with what an earlier life of this daemon knew. */
  public void continueWith(ConnectionKeeper kept) {
    kept.read().forEach(connection -> add(connection, false));
    keeper = kept;
  }

  /** Gives the keeper what has changed. */
  void keep() {
    if (unkept) {
      unkept = false;
      keeper.write(byAddress.values().stream().flatMap(Set::stream).toList());
    }
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
    if (!addresses.isHere(address) && !addresses.isComing(address)) {
      // Accepted just before the address went: whoever has it now must wake the client.
      LOG.warn("Connection to {}, which is not on this node now", connection.destination());
      listener.connectionAdded(connection);
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
   * The client has gone. Its connections are forgotten if their address stays here; otherwise the
   * new holder needs them: those of an address that is just going have been killed for that.
   */
  public void clientGone(long client) {
    Set<Connection> connections = byClient.remove(client);
    if (connections != null) {
      connections.stream()
          .filter(connection -> staysHere(connection.destination().address()))
          .forEach(this::remove);
    }
  }

  /** Who has said that it serves a public address, and is still there: {@code client} of above. */
  public Set<Long> clients() {
    return Set.copyOf(byClient.keySet());
  }

  private boolean staysHere(InetAddress address) {
    return addresses.isHere(address) && !addresses.isGoing(address);
  }

  /** TCP_CLIENT_DISCONNECTED (newer Samba). */
  public int disconnected(long client, Connection connection) {
    if (disown(client, connection) && staysHere(connection.destination().address())) {
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
    if (list.add(connection)) {
      unkept = true;
      if (delayedUpdate) {
        changed.add(address);
      }
    }
    return OK;
  }

  /**
   * TCP_ADD of another node. If the address is here, that node had accepted the connection before:
   * its client is woken at once.
   */
  public int addedElsewhere(Connection connection) {
    if (addresses.isHere(connection.destination().address())) {
      announcements.wake(connection);
      return OK;
    }
    return add(connection, false);
  }

  /** TCP_REMOVE: fine for whatever is not known. */
  public int remove(Connection connection) {
    InetAddress address = connection.destination().address();
    Set<Connection> list = byAddress.get(address);
    if (list != null && list.remove(connection)) {
      changed.add(address);
      unkept = true;
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
      Set<Connection> connections = new LinkedHashSet<>(own(address));
      list.connections().stream()
          .filter(connection -> connection.destination().address().equals(address))
          .limit(CONNECTIONS_MAX)
          .forEach(connections::add);
      unkept |= !connections.equals(byAddress.put(address, connections));
    }
    return OK;
  }

  /** What clients of this daemon have registered. */
  private Set<Connection> own(InetAddress address) {
    Set<Connection> own = new LinkedHashSet<>();
    for (Set<Connection> connections : byClient.values()) {
      for (Connection connection : connections) {
        if (connection.destination().address().equals(address)) {
          own.add(connection);
        }
      }
    }
    return own;
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

  /** A node is there that was not: it needs all lists, and at once. */
  public void distributeAll() {
    changed.addAll(addresses.held());
    distribute();
  }

  /**
   * The connections of an address just taken; clients that come back register anew. Those that have
   * done so already, before the last script had ended, stay.
   */
  List<Connection> takeAll(InetAddress address) {
    Set<Connection> list = byAddress.remove(address);
    if (list == null || list.isEmpty()) {
      return List.of();
    }
    Set<Connection> own = own(address);
    if (!own.isEmpty()) {
      byAddress.put(address, new LinkedHashSet<>(own));
    }
    list.removeAll(own);
    changed.add(address);
    unkept = true;
    return List.copyOf(list);
  }

  /** The connections of an address that was here all the time, on another interface maybe. */
  List<Connection> all(InetAddress address) {
    return List.copyOf(byAddress.getOrDefault(address, Set.of()));
  }

  /**
   * An address is about to go: the others get the list as it is now, with what has changed since
   * the last distribution.
   *
   * @param notWoken clients of an earlier holder that have not been woken for good
   */
  void handOver(InetAddress address, Set<Connection> notWoken) {
    if (!notWoken.isEmpty()) {
      byAddress.computeIfAbsent(address, a -> new LinkedHashSet<>()).addAll(notWoken);
      unkept = true;
    }
    boolean isNews = changed.remove(address);
    list(new SockAddr(address, 0))
        .filter(list -> isNews || !list.connections().isEmpty())
        .ifPresent(listener::connectionsChanged);
  }

  /** An address has gone: what was accepted here is the next holder's business. */
  void gone(InetAddress address) {
    byClient
        .values()
        .forEach(
            connections ->
                connections.removeIf(one -> one.destination().address().equals(address)));
  }

  void forget(InetAddress address) {
    unkept |= byAddress.remove(address) != null;
    changed.remove(address);
  }
}
