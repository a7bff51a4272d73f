// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * One function of the C library, linked at its first use because linking costs milliseconds that a
 * short command would feel. The handle takes the memory for {@code errno} as its first argument.
 */
final class Native {
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final String name;
  private final FunctionDescriptor signature;
  private final Linker.Option[] options;
  private volatile Optional<MethodHandle> handle = Optional.empty();

  private Native(String name, FunctionDescriptor signature, Linker.Option... options) {
    this.name = name;
    this.signature = signature;
    this.options = options;
  }

  /** A function that returns an int. */
  static Native ofInt(String name, MemoryLayout... arguments) {
    return new Native(name, FunctionDescriptor.of(JAVA_INT, arguments), CAPTURE);
  }

  /** A function that returns a long (ssize_t, off_t). */
  static Native ofLong(String name, MemoryLayout... arguments) {
    return new Native(name, FunctionDescriptor.of(JAVA_LONG, arguments), CAPTURE);
  }

  /** A function with C varargs from argument {@code firstVariadic} on, that returns an int. */
  static Native variadic(String name, int firstVariadic, MemoryLayout... arguments) {
    return new Native(
        name,
        FunctionDescriptor.of(JAVA_INT, arguments),
        CAPTURE,
        Linker.Option.firstVariadicArg(firstVariadic));
  }

  /** The layouts used most, short. */
  static final MemoryLayout INT = JAVA_INT;

  static final MemoryLayout LONG = JAVA_LONG;
  static final MemoryLayout POINTER = ADDRESS;

  /** The linked function. */
  MethodHandle handle() {
    return handle.orElseGet(this::link);
  }

  // The one place where native code is bound: every signature here is that of the C library.
  @SuppressWarnings("restricted")
  private MethodHandle link() {
    try {
      Linker linker = Linker.nativeLinker();
      MemorySegment address =
          linker
              .defaultLookup()
              .find(name)
              .orElseThrow(() -> new FixedRamException("the C library has no function " + name));
      MethodHandle linked = linker.downcallHandle(address, signature, options);
      handle = Optional.of(linked);
      return linked;
    } catch (IllegalCallerException e) {
      throw new FixedRamException(
          "native access is not permitted: start Java with"
              + " --enable-native-access=io.fixedram.core (ALL-UNNAMED on the class path)",
          e);
    }
  }

  /** Memory layout that receives {@code errno} of a call. */
  static MemoryLayout stateLayout() {
    return Linker.Option.captureStateLayout();
  }

  /** A result of the kernel: what the call returned, or its error number negated. */
  static long result(long returned, MemorySegment state) {
    return returned == -1 ? -(long) (int) ERRNO.get(state, 0L) : returned;
  }

  /**
   * The error for a call that failed in Java itself, which the signatures rule out.
   *
   * @throws FixedRamException if the function could not be linked
   */
  static AssertionError unexpected(Throwable failure) {
    if (failure instanceof FixedRamException told) {
      throw told;
    }
    return new AssertionError("a native call threw", failure);
  }
}
