package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * What the kernel has measured of a TCP connection (tcp(7), TCP_INFO; offsets from linux/tcp.h).
 * Counters wrap at 2^32: look at differences.
 *
 * @param smoothedMicros the kernel's smoothed round trip; 0 before the first
 * @param minMicros the shortest round trip of late; 0 if this kernel does not tell
 * @param segmentsSent segments with data, repeated ones included
 * @param segmentsRepeated of those, the ones sent again
 * @param unsentBytes written by the process and not sent for the first time yet
 * @param unacknowledged segments that are on the way
 */
public record TcpInfo(
    int smoothedMicros,
    int minMicros,
    int segmentsSent,
    int segmentsRepeated,
    int unsentBytes,
    int unacknowledged) {
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_INFO = 11;
  private static final int BYTES = 160;
  private static final int UNACKNOWLEDGED = 24;
  private static final int ROUND_TRIP = 68;
  private static final int REPEATED = 100;
  private static final int UNSENT = 144;
  private static final int MIN_ROUND_TRIP = 148;
  private static final int DATA_SEGMENTS = 156;

  private static final MethodHandle GETSOCKOPT =
      CLibrary.plain(
          "getsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));

  /**
   * Asks about the socket with this descriptor. Any thread that keeps it open meanwhile.
   *
   * @return nothing if it is no TCP socket
   */
  public static Optional<TcpInfo> of(int descriptor) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment info = scratch.allocate(BYTES, 8); // zeros where an older kernel says nothing
      MemorySegment length = scratch.allocateFrom(JAVA_INT, BYTES);
      int result = (int) GETSOCKOPT.invokeExact(descriptor, IPPROTO_TCP, TCP_INFO, info, length);
      return result == 0 ? Optional.of(read(info)) : Optional.empty();
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private static TcpInfo read(MemorySegment info) {
    return new TcpInfo(
        info.get(JAVA_INT_UNALIGNED, ROUND_TRIP),
        info.get(JAVA_INT_UNALIGNED, MIN_ROUND_TRIP),
        info.get(JAVA_INT_UNALIGNED, DATA_SEGMENTS),
        info.get(JAVA_INT_UNALIGNED, REPEATED),
        info.get(JAVA_INT_UNALIGNED, UNSENT),
        info.get(JAVA_INT_UNALIGNED, UNACKNOWLEDGED));
  }
}
