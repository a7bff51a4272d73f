// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.error.DamagedSaveException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The state of an x86 processor where no description has its fields: the beginning of section
 * {@code cpu} up to EFER and what follows it, which has not changed since version 11 (QEMU's
 * target/i386/machine.c, 2.0 to 10.0). The names are those of a description.
 */
final class ProcessorLayout {
  private static final String SECTION = "cpu";
  private static final int SUBSECTION = 5;

  /** Versions that all QEMUs since 2.0 write. */
  private static final int VERSION = 12;

  /** Bytes from the last field below to the first subsection, in both kinds of processors. */
  private static final int LAST_FIELDS_BYTES = lastFieldsBytes();

  private final int word;
  private final int registers;

  /**
   * A layout.
   *
   * @param word bytes of a general register
   * @param registers number of general registers, and of SSE registers
   */
  private ProcessorLayout(int word, int registers) {
    this.word = word;
    this.registers = registers;
  }

  /**
   * Decodes a processor; returns every other device, and one of a layout that is not known, as it
   * is.
   *
   * @param name name of the save in messages
   * @param state the device state, in which the device has its offset
   */
  static Device decode(String name, Device device, MemorySegment state) {
    if (!device.name().equals(SECTION) || device.version() != VERSION) {
      return device;
    }
    return Stream.of(new ProcessorLayout(8, 16), new ProcessorLayout(4, 8))
        .filter(layout -> layout.fits(device, state))
        .findFirst()
        .map(layout -> layout.decoded(name, device, state))
        .orElse(device);
  }

  /** Whether the fixed part ends where the payload does, or where a subsection of it begins. */
  private boolean fits(Device device, MemorySegment state) {
    long end = bytes() + LAST_FIELDS_BYTES + 16L * registers;
    return device.bytes() == end
        || (device.bytes() > end + SECTION.length() + 2
            && state.get(ValueLayout.JAVA_BYTE, device.offset() + end) == SUBSECTION
            && state.get(ValueLayout.JAVA_BYTE, device.offset() + end + 2) == SECTION.charAt(0));
  }

  private Device decoded(String name, Device device, MemorySegment state) {
    StateInput in = new StateInput(name, state, device.offset(), device.offset() + device.bytes());
    try {
      return new Device(
          device.name(),
          device.instance(),
          device.version(),
          device.section(),
          device.offset(),
          device.bytes(),
          Optional.of(new StateDecoder(name, in).structure(structure())),
          false);
    } catch (DamagedSaveException e) {
      return device;
    }
  }

  private StructureDescription structure() {
    return new StructureDescription(SECTION, fields().toList(), List.of());
  }

  private long bytes() {
    return fields().mapToLong(ProcessorLayout::bytes).sum();
  }

  private static long bytes(FieldDescription field) {
    long element =
        field
            .structure()
            .map(each -> each.fields().stream().mapToLong(ProcessorLayout::bytes).sum())
            .orElse((long) field.size());
    return element * field.count();
  }

  private Stream<FieldDescription> fields() {
    FieldDescription[] segment = {
      number("selector", 4), number("base", word), number("limit", 4), number("flags", 4)
    };
    return Stream.of(
            Stream.of(
                numbers("env.regs", word, registers),
                number("env.eip", word),
                number("env.eflags", word),
                number("env.hflags", 4),
                number("env.fpuc", 2),
                number("env.fpus_vmstate", 2),
                number("env.fptag_vmstate", 2),
                number("env.fpregs_format_vmstate", 2),
                structures("env.fpregs", 8, number("tmp_mant", 8), number("tmp_exp", 2)),
                structures("env.segs", 6, segment)),
            Stream.of("env.ldt", "env.tr", "env.gdt", "env.idt")
                .map(each -> structures(each, 1, segment)),
            Stream.of(
                number("env.sysenter_cs", 4),
                number("env.sysenter_esp", word),
                number("env.sysenter_eip", word)),
            IntStream.of(0, 2, 3, 4).mapToObj(each -> number("env.cr[" + each + "]", word)),
            Stream.of(
                numbers("env.dr", word, 8),
                number("env.a20_mask", 4),
                number("env.mxcsr", 4),
                structures(
                    "env.xmm_regs", registers, number("ZMM_Q(0)", 8), number("ZMM_Q(1)", 8))),
            word == Long.BYTES
                ? Stream.of("efer", "star", "lstar", "cstar", "fmask", "kernelgsbase")
                    .map(each -> number("env." + each, 8))
                : Stream.<FieldDescription>empty(),
            Stream.of(number("env.smbase", 4), number("env.pat", 8), number("env.hflags2", 4)))
        .flatMap(each -> each);
  }

  /**
   * The sizes of the fields from vm_hsave to xstate_bv. The upper halves of the SSE registers, 16
   * bytes each, follow them.
   */
  private static int lastFieldsBytes() {
    int nestedGuests = 4 * 8 + 4 * 2 + 4 + 1;
    int memoryTypes = 11 * 8 + 8 + 8 * 16;
    int events = 4 + 4 + 8 + 4 + 4 + 4;
    int machineChecks = 3 * 8 + 10 * 4 * 8;
    int clocks = 3 * 8;
    int extendedStates = 2 * 8;
    return nestedGuests + memoryTypes + events + machineChecks + clocks + extendedStates;
  }

  private static FieldDescription number(String field, int size) {
    return numbers(field, size, 1);
  }

  private static FieldDescription numbers(String field, int size, int count) {
    return new FieldDescription(field, FieldType.UNSIGNED, size, count, Optional.empty());
  }

  private static FieldDescription structures(String field, int count, FieldDescription... parts) {
    return new FieldDescription(
        field,
        FieldType.STRUCTURE,
        0,
        count,
        Optional.of(new StructureDescription(field, List.of(parts), List.of())));
  }
}
