// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/**
 * Saved settings of a terminal (termios(3)), for restoring them after a program that changed them
 * was killed. Thread-safe.
 */
public final class TerminalMode {
  private static final int STANDARD_INPUT = 0;

  private final int descriptor;
  private final byte[] mode;

  private TerminalMode(int descriptor, byte[] mode) {
    this.descriptor = descriptor;
    this.mode = mode;
  }

  /** The current settings; empty if standard input is not a terminal. */
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
   * Restores the settings if they have changed: setting even the same values would stop a
   * background process (SIGTTOU). Does nothing if the terminal is gone.
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
