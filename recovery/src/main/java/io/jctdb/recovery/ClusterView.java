package io.jctdb.recovery;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.KeeperException.Code;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is written in ZooKeeper about the members, the leader and the epoch, kept up by watches.
 * Reads only trigger: nothing is decided on them without a write that checks. Owned by the
 * membership thread; lives as long as the session.
 */
final class ClusterView {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterView.class);

  /**
   * The leader's record.
   *
   * @param created the ZooKeeper transaction that created it
   */
  record Leader(int pnn, long session, long created) {}

  /** Called when something has changed. */
  interface Reader {
    void members(Map<Integer, MemberInfo> members);

    void leader(Optional<Leader> leader);

    void epoch(CommittedEpoch epoch);
  }

  /** A member's record; {@code created} as the leader's. */
  private record Versioned(MemberInfo info, int version, long session, long created) {}

  private final ZooKeeperSession session;
  private final Paths paths;
  private final Reader reader;
  private Map<Integer, Versioned> members = Map.of();
  private boolean membersKnown;
  private @Nullable Optional<Leader> leader;
  private @Nullable CommittedEpoch epoch;
  private boolean reading;
  private boolean readAgain;

  ClusterView(ZooKeeperSession session, Paths paths, Reader reader) {
    this.session = session;
    this.paths = paths;
    this.reader = reader;
  }

  /** Sets the watches. */
  CompletableFuture<Void> watch() {
    return CompletableFuture.allOf(
        session.watch(paths.members(), AddWatchMode.PERSISTENT_RECURSIVE, this::refreshMembers),
        session.watch(paths.leader(), AddWatchMode.PERSISTENT, this::refreshLeader),
        session.watch(paths.epoch(), AddWatchMode.PERSISTENT, this::refreshEpoch));
  }

  void refresh() {
    refreshMembers();
    refreshLeader();
    refreshEpoch();
  }

  /** The leader as last read; nothing before the first reading. */
  @Nullable Optional<Leader> leader() {
    return leader;
  }

  Map<Integer, MemberInfo> members() {
    Map<Integer, MemberInfo> infos = new TreeMap<>();
    members.forEach((pnn, member) -> infos.put(pnn, member.info()));
    return infos;
  }

  /**
   * The version of the record of this life, for a write that removes it; nothing if it has gone.
   */
  Optional<Integer> version(Life life) {
    Versioned member = members.get(life.pnn());
    return member != null && member.info().incarnation() == life.incarnation()
        ? Optional.of(member.version())
        : Optional.empty();
  }

  /** Who is registered in a session. */
  Optional<MemberInfo> registeredIn(long session) {
    return members.values().stream()
        .filter(member -> member.session() == session)
        .map(Versioned::info)
        .findAny();
  }

  /**
   * Whether that leader's node has registered anew since it was elected. Registering says that the
   * life before is over, so nobody leads, although the record stands until its session ends.
   */
  boolean isOfAnEarlierLife(Leader leads) {
    Versioned member = members.get(leads.pnn());
    return member != null
        && member.session() != leads.session()
        && member.created() > leads.created();
  }

  private void refreshMembers() {
    if (reading) {
      readAgain = true;
      return;
    }
    reading = true;
    readAgain = false;
    session
        .children(paths.members())
        .thenCompose(this::readAll)
        .whenComplete(
            Guard.guarded(
                (found, failure) -> {
                  reading = false;
                  if (failure == null) {
                    membersAre(found);
                  } else {
                    LOG.debug("reading the members: {}", failure.toString());
                  }
                  if (readAgain) {
                    refreshMembers();
                  }
                }));
  }

  private CompletableFuture<Map<Integer, Versioned>> readAll(List<String> names) {
    Map<Integer, Versioned> found = new HashMap<>();
    List<CompletableFuture<?>> reads = new ArrayList<>();
    for (String name : names) {
      int pnn = pnn(name);
      if (pnn >= 0) {
        reads.add(
            session
                .read(paths.member(pnn))
                .handle(
                    (node, failure) -> {
                      if (failure == null) {
                        note(found, pnn, node);
                      } else if (!isMissing(failure)) {
                        throw new IllegalStateException(failure);
                      }
                      return pnn;
                    }));
      }
    }
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenApply(done -> found);
  }

  private void note(Map<Integer, Versioned> found, int pnn, ZooKeeperSession.Node node) {
    try {
      MemberInfo info = MemberRecord.decode(pnn, node.data());
      found.put(
          pnn,
          new Versioned(
              info,
              node.stat().getVersion(),
              node.stat().getEphemeralOwner(),
              node.stat().getCzxid()));
    } catch (IllegalArgumentException e) {
      LOG.error("the membership record of node {} cannot be read: {}", pnn, e.getMessage());
      Versioned before = members.get(pnn);
      if (before != null) {
        // A node with an unreadable record has not gone.
        found.put(pnn, before);
      }
    }
  }

  private static int pnn(String name) {
    try {
      return Integer.parseInt(name);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private void membersAre(Map<Integer, Versioned> found) {
    boolean changed = !membersKnown || !found.equals(members);
    members = Map.copyOf(found);
    membersKnown = true;
    if (changed) {
      reader.members(members());
    }
  }

  void refreshLeader() {
    session
        .read(paths.leader())
        .whenComplete(
            Guard.guarded(
                (node, failure) -> {
                  if (failure == null) {
                    int pnn = pnn(new String(node.data(), StandardCharsets.UTF_8));
                    leaderIs(
                        Optional.of(
                            new Leader(
                                pnn, node.stat().getEphemeralOwner(), node.stat().getCzxid())));
                  } else if (isMissing(failure)) {
                    leaderIs(Optional.empty());
                  }
                }));
  }

  private void leaderIs(Optional<Leader> now) {
    leader = now;
    reader.leader(now);
  }

  private void refreshEpoch() {
    session
        .read(paths.epoch())
        .whenComplete(
            Guard.guarded(
                (node, failure) -> {
                  if (failure == null && node.data().length > 0) {
                    epochIs(node.data());
                  }
                }));
  }

  private void epochIs(byte[] data) {
    try {
      CommittedEpoch now = CommittedEpoch.decode(data);
      if (!now.equals(epoch)) {
        epoch = now;
        reader.epoch(now);
      }
    } catch (IllegalArgumentException e) {
      LOG.error("the epoch in ZooKeeper cannot be read: {}", e.getMessage());
    }
  }

  private static boolean isMissing(Throwable failure) {
    return RefusedException.of(failure).filter(r -> r.code() == Code.NONODE).isPresent();
  }
}
