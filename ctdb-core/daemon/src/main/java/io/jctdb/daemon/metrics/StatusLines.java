package io.jctdb.daemon.metrics;

import io.jctdb.daemon.catalog.CopyHealth;
import io.jctdb.daemon.lifecycle.EnsembleStatus;
import io.jctdb.daemon.lifecycle.FencingStatus;
import io.jctdb.protocol.NodeStory;
import io.jctdb.protocol.SpecialPnn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A node's place in the cluster, in words: for {@code ctdb status -v} and the status page. */
public final class StatusLines {
  static final String CLUSTER_LOCK = "the cluster lock is not to be had: ";

  private final List<NodeStory.Line> lines = new ArrayList<>();

  private StatusLines() {}

  public static NodeStory of(NodeStatus status) {
    StatusLines text = new StatusLines();
    FencingStatus fencing = status.fencing();
    text.line("membership", membership(status));
    text.line("leader", leader(status));
    text.line("lease", lease(status, fencing));
    text.line(
        "ZooKeeper",
        fencing
            .zooKeeperSilent()
            .map(
                silent ->
                    "DOES NOT ANSWER for "
                        + seconds(silent)
                        + ": it has no quorum, or this node is cut off from it")
            .orElse("answers"));
    text.line("ZooKeeper servers", servers(status.ensemble()));
    text.line("failsafe", failsafe(fencing));
    text.line(
        "fenced",
        fencing.fenced() == 0
            ? "never"
            : times(fencing.fenced()) + ", the last time because " + fencing.fencedWhy());
    text.line("expelled others", times(fencing.expelled()));
    text.line(
        "clocks",
        fencing.stalls() == 0 && fencing.clockJumps() == 0
            ? "well"
            : "this process stood still "
                + times(fencing.stalls())
                + ", at most "
                + seconds(fencing.longestStall())
                + "; the clocks moved apart "
                + times(fencing.clockJumps()));
    text.line("bans", bans(fencing));
    text.line("database copies", copies(status.copies()));
    return new NodeStory(text.lines);
  }

  private void line(String name, String text) {
    lines.add(new NodeStory.Line(name, text));
  }

  private static String membership(NodeStatus status) {
    return status.epoch() == 0
        ? "of no epoch"
        : "epoch "
            + status.epoch()
            + ", members "
            + status.members()
            + (status.recovering() ? ", its databases are not ready yet" : "");
  }

  private static String leader(NodeStatus status) {
    return (status.leader() == SpecialPnn.UNKNOWN ? "NONE" : "node " + status.leader())
        + status.fencing().lockDenied().map(why -> "; " + CLUSTER_LOCK + why).orElse("");
  }

  private static String lease(NodeStatus status, FencingStatus fencing) {
    return (status.leaseNanos() == 0
            ? "none"
            : seconds(Duration.ofNanos(status.leaseNanos())) + " left")
        + fencing.sinceRenewal().map(age -> ", renewed " + seconds(age) + " ago").orElse("");
  }

  private static String servers(EnsembleStatus ensemble) {
    return ensemble.inForce()
        + (ensemble.outdated()
            ? "; the nodes file would have "
                + ensemble.byFile()
                + ", after all daemons have been started anew as the operations guide says"
            : "")
        + ensemble.keptOut().map(why -> "; KEPT OUT: " + why).orElse("")
        + ensemble.others().map(others -> "; " + others).orElse("");
  }

  private static String failsafe(FencingStatus fencing) {
    String before =
        fencing.failsafes() == 0 ? "" : " (" + times(fencing.failsafes()) + " since the start)";
    return fencing.failsafe()
        ? "YES: nobody can join or leave, and if a member is lost, all stop" + before
        : "no" + before;
  }

  private static String bans(FencingStatus fencing) {
    return fencing
        .ban()
        .map(
            ban ->
                times(fencing.bans())
                    + (ban.lasts()
                        ? ", BANNED for another " + seconds(ban.left()) + ": "
                        : ", the last one is over: ")
                    + ban.reason())
        .orElse("none");
  }

  private static String copies(CopyHealth copies) {
    List<String> parts = new ArrayList<>(copies.problems());
    if (!copies.setAside().isEmpty()) {
      parts.add(
          "damaged ones that were set aside, to be looked at and deleted: "
              + copies.setAside().stream().map(Object::toString).collect(Collectors.joining(", ")));
    }
    return parts.isEmpty() ? "well" : String.join("; ", parts);
  }

  private static String times(long count) {
    return count == 1 ? "once" : count + " times";
  }

  private static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.1f s", time.toNanos() / 1e9);
  }
}
