package io.jctdb.database.commit;

/** The answer to a client's transaction (client-protocol.md 3.7). Owner thread, exactly once. */
@FunctionalInterface
public interface CommitDone {
  /**
   * @param status 0 written everywhere; −1 refused; 1 no answer in time: it may be written or not
   */
  void done(int status, String error);
}
