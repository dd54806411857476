package io.jctdb.linux;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Turns a native value into something Java. */
@FunctionalInterface
public interface TdbValueReader<T> {
  /** {@code value} is valid during the call only. */
  @Nullable T read(MemorySegment value);
}
