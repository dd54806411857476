package io.jctdb.protocol;

/** What a call's reply carries (client-protocol.md 2.2). Any other id gives status 0, no data. */
public final class CallId {
  /** Nothing; the caller wants the record moved here. */
  public static final int NULL = 0xFF00_0001;

  /** The value without its record header; empty if there is no record. */
  public static final int FETCH = 0xFF00_0002;

  /** Record header and value; for a missing record a made-up header. */
  public static final int FETCH_WITH_HEADER = 0xFF00_0003;

  private CallId() {}
}
