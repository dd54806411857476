package io.jctdb.database.message;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How far copies of persistent and replicated databases have come.
 *
 * @param byDatabase the sequence number of a content that is on disk, by the database's id;
 *     databases of which nothing is known are not named
 */
public record CopyNumbers(SortedMap<Integer, Long> byDatabase) {
  public static final CopyNumbers NONE = new CopyNumbers(Collections.emptySortedMap());

  public CopyNumbers {
    byDatabase = Collections.unmodifiableSortedMap(new TreeMap<>(byDatabase));
  }

  /** What both know together. */
  public CopyNumbers and(CopyNumbers other) {
    if (other.byDatabase.isEmpty()) {
      return this;
    }
    SortedMap<Integer, Long> both = new TreeMap<>(byDatabase);
    other.byDatabase.forEach((dbId, number) -> both.merge(dbId, number, Math::max));
    return new CopyNumbers(both);
  }

  static void write(CopyNumbers numbers, WireWriter out) {
    out.i32(numbers.byDatabase.size());
    for (Map.Entry<Integer, Long> entry : numbers.byDatabase.entrySet()) {
      out.i32(entry.getKey()).i64(entry.getValue());
    }
  }

  static CopyNumbers read(WireReader in) {
    int count = in.count(Integer.BYTES + Long.BYTES);
    if (count == 0) {
      return NONE;
    }
    SortedMap<Integer, Long> numbers = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      numbers.put(in.i32(), in.i64());
    }
    return new CopyNumbers(numbers);
  }
}
