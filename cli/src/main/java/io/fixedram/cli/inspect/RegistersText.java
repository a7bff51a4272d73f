// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cli.console.Table;
import io.fixedram.inspect.device.X86Registers;
import io.fixedram.inspect.device.X86Registers.Segment;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** The registers of a processor for people. */
final class RegistersText {
  private static final List<String> GENERAL =
      List.of(
          "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
          "r13", "r14", "r15");
  private static final List<String> SEGMENTS =
      List.of("es", "cs", "ss", "ds", "fs", "gs", "ldt", "tr", "gdt", "idt");
  private static final int COLUMNS = 4;

  private RegistersText() {}

  static String of(X86Registers cpu) {
    StringBuilder text = new StringBuilder("processor " + cpu.processor() + "\n");
    for (int row = 0; row < cpu.general().size(); row += COLUMNS) {
      for (int column = row; column < row + COLUMNS; column++) {
        text.append(cell(GENERAL.get(column), cpu.general().get(column)));
      }
      text.append('\n');
    }
    text.append(cell("rip", cpu.rip())).append(cell("rflags", cpu.rflags()));
    text.append(cell("efer", cpu.efer())).append(cell("kgs", cpu.kernelGsBase())).append('\n');
    text.append(cell("cr0", cpu.control().cr0())).append(cell("cr2", cpu.control().cr2()));
    text.append(cell("cr3", cpu.control().cr3())).append(cell("cr4", cpu.control().cr4()));
    text.append('\n');
    Table segments = new Table();
    segments.row("segment", "selector", "base", "limit", "flags");
    for (int i = 0; i < SEGMENTS.size(); i++) {
      Segment each = cpu.segments().get(i);
      segments.row(
          SEGMENTS.get(i),
          "%04x".formatted(each.selector()),
          hex(each.base()),
          "%08x".formatted(each.limit()),
          "%08x".formatted(each.flags()));
    }
    return text.append(segments.text("  ")).toString();
  }

  /** Writes the registers as JSON, each as a number's hexadecimal digits. */
  static void write(JsonGenerator json, List<X86Registers> processors) {
    json.writeArrayPropertyStart("processors");
    for (X86Registers cpu : processors) {
      json.writeStartObject();
      json.writeNumberProperty("processor", cpu.processor());
      for (int i = 0; i < cpu.general().size(); i++) {
        json.writeStringProperty(GENERAL.get(i), hex(cpu.general().get(i)));
      }
      json.writeStringProperty("rip", hex(cpu.rip()));
      json.writeStringProperty("rflags", hex(cpu.rflags()));
      json.writeStringProperty("efer", hex(cpu.efer()));
      json.writeStringProperty("kernel_gs_base", hex(cpu.kernelGsBase()));
      json.writeStringProperty("cr0", hex(cpu.control().cr0()));
      json.writeStringProperty("cr2", hex(cpu.control().cr2()));
      json.writeStringProperty("cr3", hex(cpu.control().cr3()));
      json.writeStringProperty("cr4", hex(cpu.control().cr4()));
      for (int i = 0; i < SEGMENTS.size(); i++) {
        Segment each = cpu.segments().get(i);
        json.writeObjectPropertyStart(SEGMENTS.get(i));
        json.writeNumberProperty("selector", each.selector());
        json.writeStringProperty("base", hex(each.base()));
        json.writeNumberProperty("limit", Integer.toUnsignedLong(each.limit()));
        json.writeNumberProperty("flags", Integer.toUnsignedLong(each.flags()));
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static String cell(String name, long value) {
    return "  %-6s %s".formatted(name, hex(value));
  }

  private static String hex(long value) {
    return "%016x".formatted(value);
  }
}
