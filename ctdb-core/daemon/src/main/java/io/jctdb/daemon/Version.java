package io.jctdb.daemon;

/** The version of this daemon. */
final class Version {
  static final String TEXT = "jctdbd 0.1.0, client protocol of ctdb 4.17";

  private Version() {}
}
