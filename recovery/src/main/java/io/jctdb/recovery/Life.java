package io.jctdb.recovery;

/** One incarnation of one node. */
public record Life(int pnn, long incarnation) {
  static Life of(MemberInfo info) {
    return new Life(info.pnn(), info.incarnation());
  }
}
