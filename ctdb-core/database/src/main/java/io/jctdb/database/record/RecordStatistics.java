package io.jctdb.database.record;

/**
 * What a {@link RecordEngine} has done since it was made, and what it is busy with.
 *
 * @param calls local calls
 * @param callsLocal of these, answered without asking another node
 * @param callsShared of these, that joined one already under way for the same record
 * @param migrationsIn records that came here, those from this node's own lmaster role included
 * @param migrationsOut records handed to another node
 * @param hops messages between nodes that the migrations in needed, summed; up to 3 each when the
 *     owner was known
 * @param lockWaits sections that had to wait for a chain lock
 * @param holds hand-overs put off because local clients had just been answered
 * @param queries times this lmaster had to ask all members for an owner
 * @param adoptions records without an owner, continued from the newest copy
 * @param creations records that nobody had
 * @param repeats requests sent again because no answer came
 * @param dropped messages of another epoch, or that came where they do not belong
 * @param anomalies contradictions between copies that were resolved; 0 unless somebody else wrote
 *     headers
 * @param burials empty records removed from the whole cluster by this owner
 * @param purges copies deleted here on behalf of other owners
 * @param vouched answers to queries that were not waited for, because others vouched that the
 *     member has no copy, or because it is dead
 * @param setAside times this node has set a silent member aside
 * @param waits times this lmaster or requester had to wait for a silent member for at least {@link
 *     AsideListener#WAIT_NANOS}
 * @param pendingCalls records that local clients wait for
 * @param pendingMoves records on the move for which this node is lmaster
 * @param pendingBurials empty records waiting to be removed
 * @param settled owners remembered by this lmaster for records at rest
 * @param kept fingerprints kept of what other members may have
 * @param keptComplete whether all is known of what the member has whose keeper this node is
 * @param copies copies in this node's databases
 * @param censusTold whether this node's keeper knows all of them, in the present epoch
 * @param censusNanos how long it took to tell it, the last time, from the beginning of the epoch
 * @param spared questions not asked of remote members, because they surely had no copy
 * @param noted fingerprints noted of what remote members may have
 * @param notesComplete whether all is known of what remote members have
 * @param behind locks that waited here for the commits before them
 * @param copiesIn read-only copies that came here
 * @param delegations read-only copies that this node gave of its records
 * @param revokes times it took all of them back that there were of one
 * @param delegated this node's records of which others may have read-only copies
 */
public record RecordStatistics(
    long calls,
    long callsLocal,
    long callsShared,
    long migrationsIn,
    long migrationsOut,
    long hops,
    long lockWaits,
    long holds,
    long queries,
    long adoptions,
    long creations,
    long repeats,
    long dropped,
    long anomalies,
    long burials,
    long purges,
    long vouched,
    long setAside,
    long waits,
    int pendingCalls,
    int pendingMoves,
    int pendingBurials,
    int settled,
    int kept,
    boolean keptComplete,
    int copies,
    boolean censusTold,
    long censusNanos,
    long spared,
    int noted,
    boolean notesComplete,
    long behind,
    long copiesIn,
    long delegations,
    long revokes,
    int delegated) {}
