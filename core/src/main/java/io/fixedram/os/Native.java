// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Optional;

/**
 * System calls by their numbers, all of them through syscall(2) of the C library: each signature
 * that is linked costs a process 10 to 20 ms, which a short command would feel.
 */
final class Native {
  private static final int MOST_ARGUMENTS = 6;
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final String ARCHITECTURE = System.getProperty("os.arch", "");

  /** Empty if Java does not permit it, or if the numbers are not those of this machine. */
  private static final Optional<MethodHandle> SYSCALL = link();

  private Native() {}

  /**
   * Makes a system call.
   *
   * @param number which one, of {@link Linux}
   * @param arguments up to six; memory goes as its {@link #address}, and must stay open until this
   *     returns
   * @return what the kernel returned, or the error's number negated
   * @throws FixedRamException if Java does not permit native access, or this is no x86-64 Linux
   */
  static long call(long number, long... arguments) {
    long[] all = Arrays.copyOf(arguments, MOST_ARGUMENTS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      long returned =
          (long)
              SYSCALL
                  .orElseThrow(Native::refused)
                  .invokeExact(state, number, all[0], all[1], all[2], all[3], all[4], all[5]);
      return returned == -1 ? -(long) (int) ERRNO.get(state, 0L) : returned;
    } catch (FixedRamException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a system call threw", e);
    }
  }

  /** Where native memory is that is still open. */
  static long address(MemorySegment memory) {
    if (!memory.isNative() || !memory.scope().isAlive()) {
      throw new IllegalArgumentException("the kernel can't be given " + memory);
    }
    return memory.address();
  }

  // The one place where native code is bound: long syscall(long number, ...) of the C library.
  @SuppressWarnings("restricted")
  private static Optional<MethodHandle> link() {
    if (!ARCHITECTURE.equals("amd64")) {
      return Optional.empty();
    }
    MemoryLayout[] parameters = new MemoryLayout[1 + MOST_ARGUMENTS];
    Arrays.fill(parameters, JAVA_LONG);
    try {
      Linker linker = Linker.nativeLinker();
      return Optional.of(
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(JAVA_LONG, parameters),
              Linker.Option.firstVariadicArg(1),
              Linker.Option.captureCallState("errno")));
    } catch (IllegalCallerException e) {
      return Optional.empty();
    }
  }

  private static FixedRamException refused() {
    return new FixedRamException(
        ARCHITECTURE.equals("amd64")
            ? "native access is not permitted: start Java with"
                + " --enable-native-access=io.fixedram.core (ALL-UNNAMED on the class path)"
            : "fixedram runs on x86-64 Linux only, and this is " + ARCHITECTURE);
  }
}
