// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.inspect.device.X86Registers;
import io.fixedram.inspect.device.X86Registers.Segment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The notes of a core file of an x86-64 guest, as QEMU's dump-guest-memory writes them
 * (target/i386/arch_dump.c): for each processor a note CORE of type NT_PRSTATUS with the registers
 * that gdb reads (Linux's struct elf_prstatus), then for each one a note QEMU of type 0 with the
 * others.
 */
final class CoreNotes {
  private static final int PRSTATUS = 1;
  private static final int PRSTATUS_BYTES = 336;
  private static final int PID_OFFSET = 32;
  private static final int REGISTERS_OFFSET = 112;
  private static final int QEMU_VERSION = 1;
  private static final int QEMU_BYTES = 440;
  private static final int HEAD_BYTES = 12;

  /** Indexes of general registers. */
  private static final int RAX = 0;

  private static final int RCX = 1;
  private static final int RDX = 2;
  private static final int RBX = 3;
  private static final int RSP = 4;
  private static final int RBP = 5;
  private static final int RSI = 6;
  private static final int RDI = 7;

  /** Indexes of segments. */
  private static final int ES = 0;

  private static final int CS = 1;
  private static final int SS = 2;
  private static final int DS = 3;
  private static final int FS = 4;
  private static final int GS = 5;
  private static final int LDT = 6;
  private static final int TR = 7;
  private static final int GDT = 8;
  private static final int IDT = 9;

  private CoreNotes() {}

  /** All notes of a guest's processors. */
  static byte[] of(List<X86Registers> processors) {
    int one = noteBytes("CORE", PRSTATUS_BYTES) + noteBytes("QEMU", QEMU_BYTES);
    ByteBuffer out = ByteBuffer.allocate(one * processors.size()).order(ByteOrder.LITTLE_ENDIAN);
    for (X86Registers each : processors) {
      head(out, "CORE", PRSTATUS_BYTES, PRSTATUS);
      status(out, each);
    }
    for (X86Registers each : processors) {
      head(out, "QEMU", QEMU_BYTES, 0);
      others(out, each);
    }
    return out.array();
  }

  private static int noteBytes(String name, int bytes) {
    return HEAD_BYTES + padded(name.length() + 1) + padded(bytes);
  }

  private static int padded(int bytes) {
    return (bytes + 3) & -4;
  }

  private static void head(ByteBuffer out, String name, int bytes, int type) {
    out.putInt(name.length() + 1).putInt(bytes).putInt(type);
    out.put(name.getBytes(StandardCharsets.US_ASCII));
    out.position(out.position() + padded(name.length() + 1) - name.length());
  }

  private static void status(ByteBuffer out, X86Registers cpu) {
    int start = out.position();
    out.putInt(start + PID_OFFSET, cpu.processor() + 1);
    out.position(start + REGISTERS_OFFSET);
    for (int each : new int[] {15, 14, 13, 12, RBP, RBX, 11, 10, 9, 8, RAX, RCX, RDX, RSI, RDI}) {
      out.putLong(general(cpu, each));
    }
    // The number of a system call that was interrupted, which is not known.
    out.putLong(0);
    out.putLong(cpu.rip()).putLong(selector(cpu, CS)).putLong(cpu.rflags());
    out.putLong(general(cpu, RSP)).putLong(selector(cpu, SS));
    out.putLong(cpu.segments().get(FS).base()).putLong(cpu.segments().get(GS).base());
    for (int each : new int[] {DS, ES, FS, GS}) {
      out.putLong(selector(cpu, each));
    }
    out.position(start + PRSTATUS_BYTES);
  }

  private static void others(ByteBuffer out, X86Registers cpu) {
    out.putInt(QEMU_VERSION).putInt(QEMU_BYTES);
    for (int each : new int[] {RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP}) {
      out.putLong(general(cpu, each));
    }
    for (int each = 8; each < 16; each++) {
      out.putLong(general(cpu, each));
    }
    out.putLong(cpu.rip()).putLong(cpu.rflags());
    for (int each : new int[] {CS, DS, ES, FS, GS, SS, LDT, TR, GDT, IDT}) {
      Segment segment = cpu.segments().get(each);
      out.putInt(segment.selector()).putInt(segment.limit()).putInt(segment.flags()).putInt(0);
      out.putLong(segment.base());
    }
    // CR1 does not exist.
    out.putLong(cpu.control().cr0()).putLong(0).putLong(cpu.control().cr2());
    out.putLong(cpu.control().cr3()).putLong(cpu.control().cr4());
    out.putLong(cpu.kernelGsBase());
  }

  private static long general(X86Registers cpu, int index) {
    return index < cpu.general().size() ? cpu.general().get(index) : 0;
  }

  private static long selector(X86Registers cpu, int index) {
    return Integer.toUnsignedLong(cpu.segments().get(index).selector());
  }
}
