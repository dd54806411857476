package io.jctdb.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * How this package reaches the C library: down-calls that keep {@code errno}.
 *
 * <p>{@code errno} must be captured in the very call that set it (the JVM itself makes system calls
 * in between), so every handle from {@link #withErrno} takes a capture segment as its first
 * argument, made by {@link #newErrno} and read by {@link #errno}.
 */
final class CLibrary {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBC = LINKER.defaultLookup();
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          symbol(LIBC, "strerror"),
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

  private CLibrary() {}

  static MethodHandle withErrno(String function, FunctionDescriptor descriptor) {
    return withErrno(LIBC, function, descriptor);
  }

  static MethodHandle withErrno(
      SymbolLookup library, String function, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(
        symbol(library, function), descriptor, Linker.Option.captureCallState("errno"));
  }

  /** Like {@link #withErrno} for a C function whose arguments from an index on are {@code ...}. */
  static MethodHandle withVariadicErrno(
      String function, FunctionDescriptor descriptor, int firstVariadic) {
    return LINKER.downcallHandle(
        symbol(LIBC, function),
        descriptor,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(firstVariadic));
  }

  /** A down-call without {@code errno}, for functions that report errors in their result. */
  static MethodHandle plain(String function, FunctionDescriptor descriptor) {
    return plain(LIBC, function, descriptor);
  }

  static MethodHandle plain(SymbolLookup library, String function, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(symbol(library, function), descriptor);
  }

  /** The address of a libc function, to be passed where C wants a function pointer. */
  static MemorySegment address(String function) {
    return symbol(LIBC, function);
  }

  static MemorySegment newErrno(Arena arena) {
    return arena.allocate(CAPTURE);
  }

  static int errno(MemorySegment capture) {
    return capture.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
  }

  /** The system's text for an errno value, such as "No such file or directory". */
  static String errorText(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static MemorySegment symbol(SymbolLookup library, String name) {
    return library
        .find(name)
        .orElseThrow(() -> new UnsatisfiedLinkError("the native function " + name + " is missing"));
  }

  /**
   * What a method handle may throw besides the errors of the virtual machine: nothing. Returned so
   * that call sites can say {@code throw unexpected(e)}.
   */
  static RuntimeException unexpected(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a native call threw", e);
  }
}
