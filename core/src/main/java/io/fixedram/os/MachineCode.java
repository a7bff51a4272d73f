// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Optional;

/**
 * A function in x86-64 machine code that is part of this program, for a loop that must be fast
 * before the JIT compiler has compiled it. The code is a file in memory that is mapped for reading
 * and execution as long as the process lives; no memory is ever writable and executable.
 *
 * <p>The function is called as {@code void f(long, long, void *, void *)} with the calling
 * convention of System V. Safe for use by several threads, if the function is.
 */
public final class MachineCode {
  private final MemorySegment start;

  private MachineCode(MemorySegment start) {
    this.start = start;
  }

  /**
   * Maps code.
   *
   * @return empty if this is not x86-64 Linux, Java does not permit native access, or the host
   *     forbids code that is not in a program's file (noexec, SELinux): the caller must be able to
   *     do without
   */
  public static Optional<MachineCode> load(byte[] code) {
    try (InMemoryFile file = InMemoryFile.create("fixedram-code")) {
      file.writing().write(0, code);
      long mapped =
          Native.call(
              Linux.SYS_MMAP,
              0,
              code.length,
              Linux.PROT_READ | Linux.PROT_EXEC,
              Linux.MAP_PRIVATE,
              file.reading().number(),
              0);
      return mapped < 0
          ? Optional.empty()
          : Optional.of(new MachineCode(MemorySegment.ofAddress(mapped)));
    } catch (FixedRamException e) {
      return Optional.empty();
    }
  }

  /**
   * Calls the function.
   *
   * @param from native memory, which can't be closed during the call
   * @param into native memory, which the caller must not close during the call
   */
  public void call(long first, long second, MemorySegment from, MemorySegment into) {
    try {
      Native.callCode(start, first, second, from, Native.address(into));
    } finally {
      Reference.reachabilityFence(into);
    }
  }
}
