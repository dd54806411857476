package io.jctdb.protocol;

import java.util.Collections;
import java.util.List;

/** The 16 counters of a histogram. */
final class Buckets {
  static final int COUNT = 16;
  static final List<Integer> ZERO = Collections.nCopies(COUNT, 0);

  private Buckets() {}

  static List<Integer> checked(List<Integer> buckets) {
    if (buckets.size() != COUNT) {
      throw new IllegalArgumentException(buckets.size() + " buckets");
    }
    return List.copyOf(buckets);
  }

  static List<Integer> read(ByteReader in) {
    return in.elements(COUNT, 4, ByteReader::u32);
  }

  static void write(List<Integer> buckets, ByteWriter out) {
    out.elements(buckets, (count, to) -> to.u32(count));
  }
}
