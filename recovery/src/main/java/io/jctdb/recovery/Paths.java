package io.jctdb.recovery;

import java.util.ArrayList;
import java.util.List;

/**
 * Where things are in ZooKeeper.
 *
 * <pre>
 * ROOT/members/PNN   ephemeral: the node's own record ({@link MemberRecord})
 * ROOT/beats/PNN     ephemeral: written with every heartbeat; nobody watches it
 * ROOT/leader        ephemeral: pnn of the leader
 * ROOT/term          its data version is the leader's term: every election writes it
 * ROOT/reserved      the highest epoch number reserved
 * ROOT/epoch         the newest committed epoch ({@link CommittedEpoch}); empty before the first
 * ROOT/expelled      the lives that leaders have expelled lately
 * </pre>
 */
record Paths(String root) {
  String members() {
    return root + "/members";
  }

  String member(int pnn) {
    return members() + "/" + pnn;
  }

  String beats() {
    return root + "/beats";
  }

  String beat(int pnn) {
    return beats() + "/" + pnn;
  }

  String leader() {
    return root + "/leader";
  }

  String term() {
    return root + "/term";
  }

  String reserved() {
    return root + "/reserved";
  }

  String epoch() {
    return root + "/epoch";
  }

  String expelled() {
    return root + "/expelled";
  }

  /** What must be there before anything else, parents first. */
  List<String> permanent() {
    List<String> all = new ArrayList<>();
    for (int slash = root.indexOf('/', 1); slash > 0; slash = root.indexOf('/', slash + 1)) {
      all.add(root.substring(0, slash));
    }
    all.addAll(List.of(root, members(), beats(), term(), reserved(), epoch(), expelled()));
    return List.copyOf(all);
  }
}
