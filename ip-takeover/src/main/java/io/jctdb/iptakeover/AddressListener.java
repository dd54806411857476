package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.TickleList;
import java.net.InetAddress;

/** What {@link LocalAddresses} and {@link TcpConnections} ask of the daemon. Owner thread. */
public interface AddressListener {
  /** Send TAKE_IP with the address as text to the clients of this node. */
  void taken(InetAddress address);

  /** Send RELEASE_IP with the address as text to the clients of this node. */
  void released(InetAddress address);

  /** Send START_IPREALLOCATE to the clients of this node: addresses are about to move. */
  void reallocationBegins();

  /** Send IPREALLOCATED to the clients of this node: a takeover run is over. */
  void reallocated();

  /** Ask the leader for a takeover run (message TAKEOVER_RUN, no answer wanted). */
  void takeoverRunWanted(String reason);

  /** This node's list has grown: send REBALANCE_NODE with the own pnn. */
  void addressesGained();

  /** Send TCP_ADD, without reply, to all other connected nodes. */
  void connectionAdded(Connection connection);

  /** Send TCP_REMOVE, without reply, to all other connected nodes. */
  void connectionRemoved(Connection connection);

  /** Send SET_TCP_TICKLE_LIST, without reply, to all other nodes. */
  void connectionsChanged(TickleList list);
}
