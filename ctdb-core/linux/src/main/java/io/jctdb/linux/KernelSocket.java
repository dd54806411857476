package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A socket of a family that the JDK does not offer (netlink, packet, raw), with blocking calls on
 * byte arrays. Every failure names the purpose that the caller gave and the system's reason.
 *
 * <p>Threading: one caller at a time; the owner synchronises.
 */
final class KernelSocket implements AutoCloseable {
  private static final MethodHandle SOCKET =
      CLibrary.withErrno("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle BIND =
      CLibrary.withErrno("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SETSOCKOPT =
      CLibrary.withErrno(
          "setsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SENDTO =
      CLibrary.withErrno(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle RECV =
      CLibrary.withErrno(
          "recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle CLOSE =
      CLibrary.withErrno("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int AF_NETLINK = 16;
  static final int AF_PACKET = 17;
  static final int SOCK_DGRAM = 2;
  static final int SOCK_RAW = 3;
  static final int SOL_SOCKET = 1;
  static final int SO_SNDTIMEO = 21;
  static final int SO_RCVTIMEO = 20;

  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_TRUNC = 0x20;

  /** Large enough for a netlink dump message: the kernel sends at most 32 KiB at a time. */
  private static final int BUFFER_BYTES = 64 * 1024;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment errno = CLibrary.newErrno(arena);
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
  private final MemorySegment address = arena.allocate(128, 8);
  private final int descriptor;
  private boolean closed;

  KernelSocket(int family, int type, int protocol, String purpose) throws NetworkException {
    int result;
    try {
      result = (int) SOCKET.invokeExact(errno, family, type | SOCK_CLOEXEC, protocol);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    if (result < 0) {
      int reason = CLibrary.errno(errno);
      arena.close();
      throw new NetworkException("cannot open a socket " + purpose, reason);
    }
    this.descriptor = result;
  }

  void bind(byte[] socketAddress, String purpose) throws NetworkException {
    MemorySegment.copy(socketAddress, 0, address, JAVA_BYTE, 0, socketAddress.length);
    try {
      if ((int) BIND.invokeExact(errno, descriptor, address, socketAddress.length) < 0) {
        throw new NetworkException("cannot bind a socket " + purpose, CLibrary.errno(errno));
      }
    } catch (NetworkException e) {
      throw e;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  void option(int level, int name, byte[] value, String purpose) throws NetworkException {
    MemorySegment.copy(value, 0, buffer, JAVA_BYTE, 0, value.length);
    try {
      if ((int) SETSOCKOPT.invokeExact(errno, descriptor, level, name, buffer, value.length) < 0) {
        throw new NetworkException("cannot set a socket option " + purpose, CLibrary.errno(errno));
      }
    } catch (NetworkException e) {
      throw e;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** Limits how long a later send or receive blocks; it then fails with {@link Errno#EAGAIN}. */
  void timeoutMillis(long millis, String purpose) throws NetworkException {
    byte[] timeval =
        NativeStruct.ofBytes(16).s64(millis / 1000).s64(millis % 1000 * 1000).toBytes();
    option(SOL_SOCKET, SO_RCVTIMEO, timeval, purpose);
    option(SOL_SOCKET, SO_SNDTIMEO, timeval, purpose);
  }

  void sendTo(byte[] packet, byte[] destination, String purpose) throws NetworkException {
    MemorySegment.copy(packet, 0, buffer, JAVA_BYTE, 0, packet.length);
    MemorySegment.copy(destination, 0, address, JAVA_BYTE, 0, destination.length);
    try {
      long sent;
      do {
        sent =
            (long)
                SENDTO.invokeExact(
                    errno,
                    descriptor,
                    buffer,
                    (long) packet.length,
                    0,
                    address,
                    destination.length);
      } while (sent < 0 && CLibrary.errno(errno) == Errno.EINTR);
      if (sent < 0) {
        throw new NetworkException("cannot send " + purpose, CLibrary.errno(errno));
      }
    } catch (NetworkException e) {
      throw e;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  byte[] receive(String purpose) throws NetworkException {
    long received = receive(BUFFER_BYTES, MSG_TRUNC, purpose);
    if (received > BUFFER_BYTES) {
      throw new NetworkException(
          "cannot receive " + purpose + ": the kernel sent " + received + " bytes at once");
    }
    return received((int) received);
  }

  /** The beginning of the next packet; the rest of it is dropped. */
  byte[] receiveBeginning(int bytesMax, String purpose) throws NetworkException {
    return received((int) receive(bytesMax, 0, purpose));
  }

  private byte[] received(int bytes) {
    byte[] packet = new byte[bytes];
    MemorySegment.copy(buffer, JAVA_BYTE, 0, packet, 0, bytes);
    return packet;
  }

  private long receive(int bytesMax, int flags, String purpose) throws NetworkException {
    try {
      long received;
      do {
        received = (long) RECV.invokeExact(errno, descriptor, buffer, (long) bytesMax, flags);
      } while (received < 0 && CLibrary.errno(errno) == Errno.EINTR);
      if (received < 0) {
        throw new NetworkException("cannot receive " + purpose, CLibrary.errno(errno));
      }
      return received;
    } catch (NetworkException e) {
      throw e;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      // The result says nothing that could be acted upon: the descriptor is gone either way.
      int ignored = (int) CLOSE.invokeExact(errno, descriptor);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    } finally {
      arena.close();
    }
  }
}
