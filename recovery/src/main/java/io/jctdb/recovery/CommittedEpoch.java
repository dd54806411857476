package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An epoch as the leader commits it in ZooKeeper: with the incarnation of every member, so that a
 * node which was away and came back is never mistaken for the one that left.
 *
 * @param incarnations incarnation by pnn, for exactly the members of the epoch
 * @param term the term of the leader that committed it
 */
public record CommittedEpoch(Epoch epoch, SortedMap<Integer, Long> incarnations, long term) {
  public CommittedEpoch {
    incarnations = Collections.unmodifiableSortedMap(new TreeMap<>(incarnations));
    if (!incarnations.keySet().equals(epoch.members())) {
      throw new IllegalArgumentException("incarnations of other nodes than the members");
    }
  }

  public boolean has(int pnn, long incarnation) {
    Long member = incarnations.get(pnn);
    return member != null && member == incarnation;
  }

  public EpochLives lives() {
    return new EpochLives(epoch.number(), incarnations, epoch.remote());
  }

  byte[] encode() {
    StringJoiner members = new StringJoiner(",");
    incarnations.forEach((pnn, incarnation) -> members.add(pnn + ":" + incarnation));
    StringJoiner lmasters = new StringJoiner(",");
    epoch.lmasters().forEach(pnn -> lmasters.add(pnn.toString()));
    StringJoiner remote = new StringJoiner(",");
    epoch.remote().forEach(pnn -> remote.add(pnn.toString()));
    return KeyValueText.empty()
        .put("number", epoch.number())
        .put("term", term)
        .put("members", members)
        .put("lmasters", lmasters)
        .put("remote", remote)
        .bytes();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws IllegalArgumentException it is not an epoch
   */
  static CommittedEpoch decode(byte[] data) {
    KeyValueText text = KeyValueText.parse(data);
    SortedMap<Integer, Long> incarnations = new TreeMap<>();
    for (String member : text.text("members").split(",", -1)) {
      int colon = member.indexOf(':');
      if (colon < 0) {
        throw new IllegalArgumentException("member \"" + member + "\"");
      }
      incarnations.put(
          Integer.valueOf(member.substring(0, colon)), Long.valueOf(member.substring(colon + 1)));
    }
    Epoch epoch =
        new Epoch(
            text.number("number"),
            new TreeSet<>(incarnations.keySet()),
            pnns(text.text("lmasters")),
            pnns(text.text("remote", "")));
    return new CommittedEpoch(epoch, incarnations, text.number("term"));
  }

  private static SortedSet<Integer> pnns(String list) {
    SortedSet<Integer> pnns = new TreeSet<>();
    for (String pnn : list.isEmpty() ? new String[0] : list.split(",", -1)) {
      pnns.add(Integer.valueOf(pnn));
    }
    return pnns;
  }
}
