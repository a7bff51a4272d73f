// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.inspect.device.DeviceValue.Elements;
import io.fixedram.inspect.device.DeviceValue.Structure;
import io.fixedram.inspect.device.DeviceValue.Whole;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Registers of an x86 processor. Those that a 32-bit processor does not have are 0.
 *
 * @param processor number of the processor
 * @param general RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, and R8 to R15 of 64-bit processors
 * @param rip instruction pointer
 * @param rflags flags
 * @param segments ES, CS, SS, DS, FS, GS, LDT, TR, GDT and IDT; the last two have base and limit
 *     only
 * @param control CR0, CR2, CR3 and CR4
 * @param efer register EFER
 * @param kernelGsBase the base of GS that SWAPGS exchanges
 */
public record X86Registers(
    int processor,
    List<Long> general,
    long rip,
    long rflags,
    List<Segment> segments,
    Control control,
    long efer,
    long kernelGsBase) {
  private static final String SECTION = "cpu";
  private static final List<String> SINGLE_SEGMENTS =
      List.of("env.ldt", "env.tr", "env.gdt", "env.idt");
  private static final int SEGMENTS_OF_CODE = 6;
  private static final long LONG_MODE_ACTIVE = 1 << 10;
  private static final long PAGING = 1L << 31;
  private static final long FIVE_LEVELS = 1 << 12;

  /** Copies the lists. */
  public X86Registers {
    general = List.copyOf(general);
    segments = List.copyOf(segments);
  }

  /**
   * A segment register.
   *
   * @param flags the upper half of its descriptor, as QEMU keeps it
   */
  public record Segment(int selector, long base, int limit, int flags) {}

  /** Control registers. */
  public record Control(long cr0, long cr2, long cr3, long cr4) {}

  /** The registers of a device that is such a processor and is decoded; empty for all others. */
  public static Optional<X86Registers> of(Device device) {
    if (!device.name().equals(SECTION)) {
      return Optional.empty();
    }
    return device.state().flatMap(state -> of(device.instance(), state));
  }

  private static Optional<X86Registers> of(int processor, Structure state) {
    List<Long> general = numbers(state, "env.regs");
    List<Segment> segments = new ArrayList<>(segments(state, "env.segs"));
    SINGLE_SEGMENTS.forEach(each -> segments.addAll(segments(state, each)));
    if (general.isEmpty() || segments.size() != SEGMENTS_OF_CODE + SINGLE_SEGMENTS.size()) {
      return Optional.empty();
    }
    return Optional.of(
        new X86Registers(
            processor,
            general,
            number(state, "env.eip"),
            number(state, "env.eflags"),
            segments,
            new Control(
                number(state, "env.cr[0]"),
                number(state, "env.cr[2]"),
                number(state, "env.cr[3]"),
                number(state, "env.cr[4]")),
            number(state, "env.efer"),
            number(state, "env.kernelgsbase")));
  }

  /** Levels of the page tables in 64-bit mode, 4 or 5; empty in all other modes. */
  public Optional<Integer> pageTableLevels() {
    boolean longMode = (efer & LONG_MODE_ACTIVE) != 0 && (control.cr0() & PAGING) != 0;
    return longMode ? Optional.of((control.cr4() & FIVE_LEVELS) != 0 ? 5 : 4) : Optional.empty();
  }

  private static long number(Structure state, String name) {
    return state.find(name).map(X86Registers::number).orElse(0L);
  }

  private static long number(DeviceValue value) {
    return value instanceof Whole whole ? whole.value() : 0;
  }

  private static List<Long> numbers(Structure state, String name) {
    return elements(state, name).stream().map(X86Registers::number).toList();
  }

  private static List<DeviceValue> elements(Structure state, String name) {
    return state.find(name).stream()
        .flatMap(value ->
            value instanceof Elements several ? several.values().stream() : List.of(value).stream())
        .toList();
  }

  private static List<Segment> segments(Structure state, String name) {
    return elements(state, name).stream()
        .filter(Structure.class::isInstance)
        .map(Structure.class::cast)
        .map(each ->
            new Segment(
                (int) number(each, "selector"),
                number(each, "base"),
                (int) number(each, "limit"),
                (int) number(each, "flags")))
        .toList();
  }
}
