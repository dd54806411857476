package io.jctdb.store;

/** What the file holds is not what was written to it: retrying does not help, replacing it does. */
public final class DamagedStoreException extends StoreException {
  private static final long serialVersionUID = 1L;

  public DamagedStoreException(String message) {
    super(message);
  }

  public DamagedStoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
