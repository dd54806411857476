package io.jctdb.recovery;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries servers in the order given, where ZooKeeper's own provider shuffles. A node's own member of
 * the ensemble dies only with the node, so a client that uses it is not disturbed by the death of
 * another node; when that member drops its clients, it is because the ensemble elects, and it is
 * the first that will know the result: it is asked again and again for a while. A server elsewhere
 * may have been frozen, or cut off, and then an attempt costs a third of the session.
 *
 * <p>It also keeps reconnecting quick. The client library sleeps up to a second, at random, before
 * each new attempt, and another second after each round; our lease lasts little longer. So the
 * pauses are made here, and short, and the library's own sleep is cut off by an interrupt (it
 * answers with a warning in its log and goes on). Its first attempt has no sleep to cut, so there
 * is no interrupt before a connection has been made.
 */
final class LocalFirstHosts implements HostProvider {
  private static final Logger LOG = LoggerFactory.getLogger(LocalFirstHosts.class);

  private static final long PAUSE_MILLIS = 20;
  private static final long PAUSE_AFTER_ROUND_MILLIS = 100;

  /** An ensemble elects in 0.3 s; after that the node's own server is taken for dead. */
  private static final long LOCAL_ONLY_NANOS = 400_000_000L;

  private final List<InetSocketAddress> servers;
  private final boolean firstIsLocal;
  private int next;
  private int failures;
  private boolean searching;
  private long searchingSince;
  private boolean connectedBefore;

  /**
   * @param localAddress if the first server has this address, it is this node's own
   */
  LocalFirstHosts(String connectString, String localAddress) {
    this.servers = new ArrayList<>(new ConnectStringParser(connectString).getServerAddresses());
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("no server in \"" + connectString + "\"");
    }
    this.firstIsLocal = servers.getFirst().getHostString().equals(localAddress);
  }

  @Override
  public synchronized int size() {
    return servers.size();
  }

  /** The next server, after a short pause; called on the client's sending thread. */
  @Override
  public InetSocketAddress next(long spinDelay) {
    InetSocketAddress server;
    boolean roundIsOver;
    boolean cutSleep;
    synchronized (this) {
      roundIsOver = failures > 0 && failures % servers.size() == 0;
      long now = System.nanoTime();
      if (!searching) {
        searching = true;
        searchingSince = now;
      }
      if (firstIsLocal && connectedBefore && now - searchingSince < LOCAL_ONLY_NANOS) {
        server = servers.getFirst();
      } else {
        server = servers.get(next);
        next = (next + 1) % servers.size();
        failures++;
      }
      cutSleep = connectedBefore;
    }
    try {
      Thread.sleep(roundIsOver ? PAUSE_AFTER_ROUND_MILLIS : PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return server;
    }
    InetSocketAddress resolved = resolved(server);
    if (cutSleep) {
      Thread.currentThread().interrupt();
    }
    return resolved;
  }

  private static InetSocketAddress resolved(InetSocketAddress server) {
    try {
      return new InetSocketAddress(InetAddress.getByName(server.getHostString()), server.getPort());
    } catch (UnknownHostException e) {
      LOG.warn("ZooKeeper server {} is not known to the resolver", server.getHostString());
      return server;
    }
  }

  /** After a loss the search begins with the node's own server, or else with the next one. */
  @Override
  public synchronized void onConnected() {
    failures = 0;
    searching = false;
    connectedBefore = true;
  }

  @Override
  public synchronized boolean updateServerList(
      Collection<InetSocketAddress> serverAddresses, InetSocketAddress currentHost) {
    servers.clear();
    servers.addAll(serverAddresses);
    next = 0;
    return false;
  }
}
