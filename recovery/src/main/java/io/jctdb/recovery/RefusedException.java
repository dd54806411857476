package io.jctdb.recovery;

import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.apache.zookeeper.KeeperException.Code;

/** ZooKeeper did not do what was asked; or, when the connection was lost, may have. */
final class RefusedException extends Exception {
  private final Code code;
  private final int operation;

  /**
   * Made without a stack: it is an answer, not a fault.
   *
   * @param operation index of the refused operation in a multi, or -1
   */
  RefusedException(Code code, int operation) {
    super(code + (operation < 0 ? "" : " (operation " + operation + ")"), null, false, false);
    this.code = code;
    this.operation = operation;
  }

  /** The refusal in a failure of a future, which may wrap it. */
  static Optional<RefusedException> of(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof RefusedException refused ? Optional.of(refused) : Optional.empty();
  }

  Code code() {
    return code;
  }

  int operation() {
    return operation;
  }

  /** Whether the connection broke, so that nobody knows if it was done. */
  boolean unknown() {
    return code == Code.CONNECTIONLOSS || code == Code.OPERATIONTIMEOUT;
  }
}
