package io.jctdb.recovery;

import java.time.Duration;

/**
 * Where a node is, and by which rules it knows who is remote. All nodes of a cluster must have the
 * same rules; who has others does not join.
 *
 * @param name the site that the node belongs to
 * @param main the main site's name: nodes of any other are remote
 * @param remoteLease how long a remote node acts without a word from the main site
 */
public record Site(String name, String main, Duration remoteLease) {
  /** Without any configuration. */
  public static final Site MAIN = new Site("main", "main", Duration.ofSeconds(10));

  public Site {
    if (name.isEmpty() || main.isEmpty()) {
      throw new IllegalArgumentException("a site without a name");
    }
    PeerTiming.remote(remoteLease); // checks
  }

  public boolean remote() {
    return !name.equals(main);
  }

  public boolean hasTheRulesOf(Site other) {
    return main.equals(other.main) && remoteLease.equals(other.remoteLease);
  }
}
