package io.jctdb.iptakeover;

import io.jctdb.protocol.NodeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the runs of all kinds have in common ({@link RunQueue}).
 *
 * @param nodes the node map as the leader sees it, asked at the beginning of each run
 * @param settings asked at the beginning of each run
 * @param disabled a tool wants no runs
 * @param moving a tool is moving an address by itself
 * @param leads whether this node is the leader
 * @param settleLists to be called between two runs; true when the lists of what remote nodes could
 *     host have changed by it
 * @param requestAll asks for a run of each kind, with a reason
 */
record RunOffice(
    int self,
    NodeControls controls,
    Scheduler scheduler,
    HandOverGate gate,
    Supplier<NodeMap> nodes,
    Supplier<TakeoverSettings> settings,
    TakeoverListener listener,
    AddressHistory history,
    BoundLists lists,
    Suspension disabled,
    Suspension moving,
    BooleanSupplier leads,
    BooleanSupplier settleLists,
    Consumer<String> requestAll) {
  boolean isLeader() {
    return leads.getAsBoolean();
  }
}
