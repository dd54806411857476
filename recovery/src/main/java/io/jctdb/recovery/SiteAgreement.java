package io.jctdb.recovery;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds nodes that know other nodes for remote than this one does. Owned by one thread. */
final class SiteAgreement {
  private final int self;
  private final Site site;
  private final Set<Life> told = new HashSet<>();

  SiteAgreement(int self, Site site) {
    this.self = self;
    this.site = site;
  }

  /** What is wrong with those that are registered; once for each life. */
  List<String> problems(Map<Integer, MemberInfo> nodes) {
    List<String> problems = new ArrayList<>();
    for (MemberInfo node : nodes.values()) {
      if (!node.site().hasTheRulesOf(site) && told.add(Life.of(node))) {
        problems.add(
            "nodes "
                + self
                + " and "
                + node.pnn()
                + " cannot be in one cluster: here the main site is \""
                + site.main()
                + "\" and remote nodes have "
                + site.remoteLease().toSeconds()
                + " s, there \""
                + node.site().main()
                + "\" and "
                + node.site().remoteLease().toSeconds()
                + " s. Set [jctdb] main site and remote lease to the same values in ctdb.conf of"
                + " every node");
      }
    }
    told.removeIf(life -> !nodes.containsKey(life.pnn()));
    return problems;
  }
}
