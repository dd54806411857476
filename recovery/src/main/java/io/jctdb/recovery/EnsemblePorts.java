package io.jctdb.recovery;

/**
 * Ports of the embedded ZooKeeper, the same on every node.
 *
 * @param client where daemons connect
 * @param quorum where members of the ensemble follow their leader
 * @param election where members of the ensemble elect it
 */
public record EnsemblePorts(int client, int quorum, int election) {
  /** Next to ctdb's own 4379. */
  public static final EnsemblePorts DEFAULT = new EnsemblePorts(4380, 4381, 4382);

  public EnsemblePorts {
    for (int port : new int[] {client, quorum, election}) {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException("port " + port + " is not in 1..65535");
      }
    }
    if (client == quorum || client == election || quorum == election) {
      throw new IllegalArgumentException(
          "ZooKeeper needs three different ports, not " + client + ", " + quorum + ", " + election);
    }
  }
}
