// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/**
 * How a terminal treats what is typed and printed (termios(3)), to be put back after a program that
 * had changed it was killed. Any thread may use it.
 */
public final class TerminalMode {
  private static final int STANDARD_INPUT = 0;

  private final int descriptor;
  private final byte[] mode;

  private TerminalMode(int descriptor, byte[] mode) {
    this.descriptor = descriptor;
    this.mode = mode;
  }

  /** As it is now; empty if standard input is no terminal. */
  public static Optional<TerminalMode> ofStandardInput() {
    return of(STANDARD_INPUT);
  }

  static Optional<TerminalMode> of(int descriptor) {
    return read(descriptor).map(mode -> new TerminalMode(descriptor, mode));
  }

  private static Optional<byte[]> read(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment termios = arena.allocate(Linux.TERMIOS_BYTES, Integer.BYTES);
      long result = Native.call(Linux.SYS_IOCTL, descriptor, Linux.TCGETS, Native.address(termios));
      return result < 0 ? Optional.empty() : Optional.of(termios.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /**
   * Puts the mode back, if it is another one now: even to set the same one would stop a process in
   * the background (SIGTTOU). A terminal that is gone is left alone.
   */
  public void restore() {
    Optional<byte[]> now = read(descriptor);
    if (now.isEmpty() || Arrays.equals(now.get(), mode)) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment termios = arena.allocate(Linux.TERMIOS_BYTES, Integer.BYTES);
      MemorySegment.copy(mode, 0, termios, ValueLayout.JAVA_BYTE, 0, mode.length);
      Native.call(Linux.SYS_IOCTL, descriptor, Linux.TCSETS, Native.address(termios));
    }
  }
}
