// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The RAM and ROM in the guest's physical address space, as listed by the monitor command "info
 * mtree -f" (QMP has no command for it).
 *
 * @param ranges the ranges in ascending order of addresses
 */
public record FlatView(List<Range> ranges) {
  private static final String BEGIN_OF_VIEW = "FlatView #";
  private static final String MEMORY = " AS \"memory\",";

  private static final Pattern RANGE =
      Pattern.compile(
          "\\s+([0-9a-f]{16})-([0-9a-f]{16}) \\(prio -?\\d+, (?:nv-)?(ram|rom|romd|ramd)\\): "
              + "(.*?)(?: @([0-9a-f]{16}))?(?: (?:KVM|TCG|HVF|NVMM|WHPX|MSHV))?");

  /** Copies the list. */
  public FlatView {
    ranges = List.copyOf(ranges);
  }

  /**
   * A range of guest-physical addresses.
   *
   * @param first first address
   * @param last last address
   * @param writable whether the guest can write to it
   * @param region name of the memory region, the last part of a RAM block's name
   * @param offset offset of the first address in the region
   */
  public record Range(long first, long last, boolean writable, String region, long offset) {
    /** Length in bytes. */
    public long bytes() {
      return last - first + 1;
    }
  }

  /**
   * Queries a QEMU.
   *
   * @throws QmpException if QEMU refuses monitor commands
   */
  public static FlatView ask(QmpClient qmp) {
    return parse(Monitor.ask(qmp, "info mtree -f"));
  }

  /** Parses the answer of the monitor; lines of another form are ignored. */
  public static FlatView parse(String text) {
    List<Range> ranges = new ArrayList<>();
    boolean memory = false;
    for (String line : text.lines().toList()) {
      if (line.startsWith(BEGIN_OF_VIEW)) {
        memory = false;
      } else if (line.startsWith(MEMORY)) {
        memory = true;
      } else if (memory) {
        Matcher range = RANGE.matcher(line);
        if (range.matches()) {
          ranges.add(range(range));
        }
      }
    }
    return new FlatView(ranges);
  }

  private static Range range(Matcher line) {
    return new Range(
        address(line.group(1)),
        address(line.group(2)),
        line.group(3).startsWith("ram"),
        line.group(4),
        line.group(5) == null ? 0 : address(line.group(5)));
  }

  private static long address(String digits) {
    return Long.parseUnsignedLong(digits, 16);
  }
}
