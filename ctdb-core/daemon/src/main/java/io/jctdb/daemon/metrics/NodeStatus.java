package io.jctdb.daemon.metrics;

import io.jctdb.daemon.addresses.AddressMeters;
import io.jctdb.daemon.catalog.CopyHealth;
import io.jctdb.daemon.cluster.SilentMembers;
import io.jctdb.daemon.lifecycle.EnsembleStatus;
import io.jctdb.daemon.lifecycle.FencingStatus;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Statistics;
import java.util.List;
import java.util.SortedSet;

/**
 * One node as it was at one moment; immutable.
 *
 * @param pnn this node
 * @param nodes every line of the nodes file with its flags, as this node sees them
 * @param leader or {@link SpecialPnn#UNKNOWN}
 * @param epoch number of the epoch that this node is a member of; 0 when it is none
 * @param members of that epoch
 * @param recovering between leaving one epoch and the databases of the next being ready
 * @param leaseNanos how long this node may still act as a member; 0 when it may not
 * @param fencing what befell its membership since its daemon started
 * @param ensemble with which ZooKeeper servers it works
 * @param copies what is wrong with its copies of databases
 * @param silent members that were set aside because they were silent
 * @param addresses the public addresses known here and who holds each
 * @param addressMeters what has been done with them
 * @param links to all other nodes
 * @param statistics what {@code ctdb statistics} shows
 */
public record NodeStatus(
    int pnn,
    NodeMap nodes,
    int leader,
    long epoch,
    SortedSet<Integer> members,
    RunState runState,
    boolean recovering,
    long leaseNanos,
    FencingStatus fencing,
    EnsembleStatus ensemble,
    CopyHealth copies,
    SilentMembers.Figures silent,
    List<PublicIp> addresses,
    AddressMeters addressMeters,
    LinkReport links,
    Statistics statistics) {

  public NodeStatus {
    addresses = List.copyOf(addresses);
  }

  /** What this node says of itself. */
  int ownFlags() {
    return nodes.nodes().stream()
        .filter(node -> node.pnn() == pnn)
        .mapToInt(NodeMap.Node::flags)
        .findFirst()
        .orElse(0);
  }

  /** Whether this node serves clients as it should. */
  boolean healthy() {
    return ownFlags() == 0 && runState == RunState.RUNNING && epoch != 0;
  }

  /** What to say to a probe: why not, or what is out of order although all is served. */
  String verdict() {
    if (healthy()) {
      return (fencing.failsafe()
              ? "healthy, in failsafe: ZooKeeper has no quorum, membership is frozen"
              : "healthy")
          + nobodyLeads();
    }
    String banned =
        fencing
            .ban()
            .filter(FencingStatus.Ban::lasts)
            .map(ban -> "; banned because " + ban.reason())
            .orElse("");
    String silent = fencing.zooKeeperSilent().map(time -> "; ZooKeeper does not answer").orElse("");
    return "not healthy: "
        + NodeFlags.toString(ownFlags())
        + ", "
        + runState
        + (epoch == 0 ? ", no member of an epoch" : "")
        + banned
        + silent
        + ensemble.keptOut().map(why -> "; " + why).orElse("")
        + nobodyLeads();
  }

  private String nobodyLeads() {
    return fencing
        .lockDenied()
        .map(why -> "; nobody leads: " + StatusLines.CLUSTER_LOCK + why)
        .orElse("");
  }

  boolean holds(PublicIp address) {
    return address.pnn() == pnn;
  }
}
