package io.jctdb.database.record;

/** Why a record was waited for while a member was silent (docs/fencing.md, "Setting aside"). */
public enum WaitReason {
  /** It owns the record, as its lmaster believes. */
  OWNER,
  /** Others say that it may have a copy. */
  MAY_HAVE,
  /** Its keeper has not been told all that it has, or cannot vouch for it. */
  NOT_VOUCHED,
  /** It is the one that has to remember for whom the record is created, and nobody else can. */
  KEEPER,
  /** It is the record's lmaster. */
  LMASTER,
  /** It may be reading a copy of what somebody wants to write. */
  READER
}
