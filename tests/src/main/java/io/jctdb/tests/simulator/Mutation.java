package io.jctdb.tests.simulator;

/** Deliberate faults in the protocol, to show that the simulator notices. */
public enum Mutation {
  /** The protocol as it is. */
  NONE,
  /** A giver that goes on regarding itself as the owner. */
  GIVER_KEEPS_OWNERSHIP,
  /** Requesters that store a grant of whatever epoch, for whatever ticket. */
  STALE_GRANTS_PASS,
  /** Clients that write to any copy they find, whoever owns it. */
  CLIENT_IGNORES_OWNER,
  /** Members that say they have purged a copy and have not. */
  PURGE_NOT_DONE,
  /** Givers that send an empty value. */
  GRANT_WITHOUT_DATA,
  /** Keepers that do not remember what is being created for others. */
  CREATIONS_NOT_NOTED,
  /** Keepers that think they know everything when they were told nothing. */
  KEEPER_KNOWS_NOTHING,
  /** Members that do not look whom their copies name as the owner. */
  SIGNS_IGNORED,
  /** Keepers that do not remember who owns a record whose other copies are being deleted. */
  OWNER_OF_PURGED_NOT_NOTED,
  /** Members of the main site that do not note what a remote one may get. */
  REMOTE_NOT_NOTED,
  /** A new member of the main site is told that the remote ones have nothing. */
  NEWCOMER_IS_TOLD_NOTHING,
  /** A remote member says that it had no copies before this epoch. */
  REMOTE_CLAIMS_TO_BE_NEW,
  /** Members that say they have given a read-only copy up and have not. */
  REVOKE_NOT_DONE,
  /** Read-only copies that are read on while somebody looks for the record of a lost owner. */
  COPIES_OF_LOST_OWNERS_READ,
  /** Nodes of which it is said that they are dead, while they only stand still. */
  LIVING_SAID_TO_BE_DEAD,
  /** Clients that write although others have read-only copies. */
  CLIENT_IGNORES_DELEGATIONS,
  /** Locks that come to a remote member without a word on what was committed before. */
  LOCK_AHEAD_OF_COMMITS,
  /** Requesters whose ACQUIRED never leaves, and lmasters that never repeat. */
  NOTHING_REPEATED,
  /** Participants that say they have written a transaction and have not. */
  APPLY_NOT_DONE,
  /** Copies of which nobody knows how far their last transaction took the sequence number up. */
  LAST_STEP_NOT_TOLD,
  /** Traverses that lose a record on the way. */
  CHUNK_LOSES_A_RECORD
}
