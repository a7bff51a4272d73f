// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
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
 * System calls by number, through syscall(2) of the C library, and calls of this program's own
 * machine code. All of them have one signature, since linking a signature takes a process 10 to 20
 * ms, which matters for short commands. The third argument of the signature, the second one of a
 * system call, is memory; a number is passed there as an address.
 */
final class Native {
  private static final int MAX_ARGUMENTS = 6;
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final String MACHINE =
      System.getProperty("os.name", "") + " on " + System.getProperty("os.arch", "");

  private static final String OUR_MACHINE = "Linux on amd64";

  /** Empty if Java does not permit native access, or the numbers are not those of this machine. */
  private static final Optional<MethodHandle> CALL = link();

  private static final MemorySegment SYSCALL =
      CALL.isPresent()
          ? Linker.nativeLinker().defaultLookup().findOrThrow("syscall")
          : MemorySegment.NULL;

  private Native() {}

  /**
   * Makes a system call.
   *
   * @param number number of the system call from {@link Linux}
   * @param arguments up to six arguments; memory is passed as its {@link #address}, and the caller
   *     must keep it open until this returns
   * @return result of the kernel, or the negated error number
   * @throws FixedRamException if Java does not permit native access, or this is not x86-64 Linux
   */
  static long call(long number, long... arguments) {
    long[] all = Arrays.copyOf(arguments, MAX_ARGUMENTS);
    return call(number, all[0], MemorySegment.ofAddress(all[1]), all[2], all[3], all[4], all[5]);
  }

  /**
   * Makes a system call whose second argument is native memory. The memory can't be closed during
   * the call.
   *
   * @param others the third and later arguments, up to four
   * @return result of the kernel, or the negated error number
   * @throws FixedRamException if Java does not permit native access, or this is not x86-64 Linux
   */
  static long callWith(long number, long first, MemorySegment memory, long... others) {
    long[] rest = Arrays.copyOf(others, MAX_ARGUMENTS - 2);
    return call(number, first, memory, rest[0], rest[1], rest[2], rest[3]);
  }

  private static long call(long number, long a, MemorySegment b, long c, long d, long e, long f) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      long returned = call(SYSCALL, state, number, a, b, c, d, e, f);
      return returned == -1 ? -(long) (int) ERRNO.get(state, 0L) : returned;
    }
  }

  /**
   * Calls machine code.
   *
   * @param code address of the code
   * @param third native memory, which can't be closed during the call
   * @throws FixedRamException if Java does not permit native access, or this is not x86-64 Linux
   */
  static void callCode(
      MemorySegment code, long first, long second, MemorySegment third, long fourth) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      var _ = call(code, state, first, second, third, fourth, 0, 0, 0);
    }
  }

  private static long call(
      MemorySegment code,
      MemorySegment state,
      long number,
      long a,
      MemorySegment b,
      long c,
      long d,
      long e,
      long f) {
    try {
      return (long)
          CALL.orElseThrow(Native::refused).invokeExact(code, state, number, a, b, c, d, e, f);
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new AssertionError("native code threw", failure);
    }
  }

  /** Address of native memory. */
  static long address(MemorySegment memory) {
    if (!memory.isNative() || !memory.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException("the kernel can't be given " + memory);
    }
    return memory.address();
  }

  // The only place where native code is linked: long f(long, ...), as syscall of the C library.
  @SuppressWarnings("restricted")
  private static Optional<MethodHandle> link() {
    if (!MACHINE.equals(OUR_MACHINE)) {
      return Optional.empty();
    }
    MemoryLayout[] parameters = new MemoryLayout[1 + MAX_ARGUMENTS];
    Arrays.fill(parameters, JAVA_LONG);
    parameters[2] = ADDRESS;
    try {
      Linker linker = Linker.nativeLinker();
      return Optional.of(
          linker.downcallHandle(
              FunctionDescriptor.of(JAVA_LONG, parameters),
              Linker.Option.firstVariadicArg(1),
              Linker.Option.captureCallState("errno")));
    } catch (IllegalCallerException e) {
      return Optional.empty();
    }
  }

  private static FixedRamException refused() {
    return new FixedRamException(
        MACHINE.equals(OUR_MACHINE)
            ? "native access is not permitted: start Java with"
                + " --enable-native-access=io.fixedram.core (ALL-UNNAMED on the class path)"
            : "fixedram runs on x86-64 Linux only, and this is " + MACHINE);
  }
}
