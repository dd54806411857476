package io.jctdb.linux;

/** Receives the records of a walk. */
@FunctionalInterface
public interface TdbVisitor {
  /** Returns false to end the walk. */
  boolean visit(byte[] key, byte[] value);
}
