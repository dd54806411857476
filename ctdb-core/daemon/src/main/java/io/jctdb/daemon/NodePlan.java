package io.jctdb.daemon;

import io.jctdb.daemon.cluster.ClusterNode;
import io.jctdb.daemon.config.ConfigException;
import io.jctdb.daemon.config.CtdbConf;
import io.jctdb.daemon.config.NodesFile;
import io.jctdb.daemon.config.Paths;
import io.jctdb.recovery.Ensemble;
import io.jctdb.recovery.EnsemblePorts;
import io.jctdb.recovery.Site;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * Which node this is and where the others are.
 *
 * @param port TCP port between nodes, the same for all
 * @param nodes all lines of the nodes file, by pnn
 * @param ensemble who runs the embedded ZooKeeper
 */
record NodePlan(int self, int port, List<ClusterNode> nodes, Ensemble ensemble) {

  /**
   * Finds this node's own line: the configured address, or the first that can be bound here.
   *
   * @throws ConfigException if there is none
   */
  static NodePlan of(Paths paths, CtdbConf conf, NodesFile file, int port)
      throws ConfigException, IOException {
    NodesFile.Node own =
        file.claim(conf.cluster().nodeAddress(), port, paths.addressLock(), NodePlan::canBind);
    return new NodePlan(
        own.pnn(), port, clusterNodes(file), ensemble(paths, conf, file, own.pnn()));
  }

  /**
   * Whether node {@code self} could start with this configuration, as far as sites go.
   *
   * @throws StartException if not
   */
  static void checkSite(Paths paths, CtdbConf conf, NodesFile file, int self) {
    ensemble(paths, conf, file, self);
  }

  /** Nodes at remote sites have no server; every node must come to the same answer. */
  private static Ensemble ensemble(Paths paths, CtdbConf conf, NodesFile file, int self) {
    SortedSet<Integer> remote = conf.jctdb().remoteNodes();
    Site site = conf.jctdb().site();
    Ensemble ensemble =
        ensembleOf(conf, clusterNodes(file))
            .orElseThrow(
                () ->
                    wrong(
                        paths,
                        "remote nodes names every node",
                        "leave out those of the main site"));
    if (!site.remote() && remote.contains(self)) {
      throw wrong(
          paths,
          "remote nodes names node " + self + ", and that is this node, at the main site",
          "correct remote nodes, the same on every node, or set site to the name of its site");
    }
    if (site.remote() && conf.jctdb().zookeeper().isEmpty() && ensemble.hasMember(self)) {
      throw wrong(
          paths,
          "node "
              + self
              + " is at site "
              + site.name()
              + ", and by its place in the nodes file it would run a ZooKeeper server",
          "set remote nodes = " + self + " (and all others at remote sites) on every node");
    }
    return ensemble;
  }

  /** Who would run a server if all daemons were started now; empty if nobody could. */
  static Optional<Ensemble> ensembleOf(CtdbConf conf, List<ClusterNode> nodes) {
    SortedMap<Integer, InetAddress> addresses = new TreeMap<>();
    for (ClusterNode node : nodes) {
      if (!node.deleted() && !conf.jctdb().remoteNodes().contains(node.pnn())) {
        addresses.put(node.pnn(), node.address());
      }
    }
    int first = conf.jctdb().zookeeperPort();
    return addresses.isEmpty()
        ? Optional.empty()
        : Optional.of(Ensemble.of(addresses, new EnsemblePorts(first, first + 1, first + 2)));
  }

  private static StartException wrong(Paths paths, String rule, String remedy) {
    return new StartException(paths.conf() + ": [jctdb] " + rule + ": " + remedy);
  }

  /** The link binds the address for good a moment later, and says so if somebody was faster. */
  private static boolean canBind(InetSocketAddress address) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(address);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  static List<ClusterNode> clusterNodes(NodesFile file) {
    List<ClusterNode> nodes = new ArrayList<>();
    for (NodesFile.Node node : file.nodes()) {
      nodes.add(
          new ClusterNode(
              node.pnn(), node.address().orElseGet(NodePlan::noAddress), node.deleted()));
    }
    return nodes;
  }

  private static InetAddress noAddress() {
    try {
      return InetAddress.getByAddress(new byte[4]);
    } catch (java.net.UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  InetAddress ownAddress() {
    return nodes.get(self).address();
  }

  List<InetAddress> others() {
    return others(self, nodes);
  }

  /** Addresses of the nodes that are not deleted, without this one. */
  static List<InetAddress> others(int self, List<ClusterNode> nodes) {
    return nodes.stream()
        .filter(node -> !node.deleted() && node.pnn() != self)
        .map(ClusterNode::address)
        .toList();
  }

  /** Where each node that is not deleted listens. */
  static Map<Integer, InetSocketAddress> peers(List<ClusterNode> nodes, int port) {
    Map<Integer, InetSocketAddress> peers = new TreeMap<>();
    for (ClusterNode node : nodes) {
      if (!node.deleted()) {
        peers.put(node.pnn(), new InetSocketAddress(node.address(), port));
      }
    }
    return peers;
  }
}
