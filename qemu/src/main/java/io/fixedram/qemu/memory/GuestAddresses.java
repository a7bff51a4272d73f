// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Guest-visible memory from QEMU's monitor ("info mtree -f") with its addresses in QEMU
 * ("gpa2hva"): a second source for the addresses of RAM blocks.
 *
 * @param seen ranges of RAM or ROM that are visible for the guest
 */
record GuestAddresses(List<Seen> seen) {
  private static final String BEGIN_OF_VIEW = "FlatView #";
  private static final String MEMORY = " AS \"memory\",";

  private static final Pattern RANGE =
      Pattern.compile(
          "\\s+([0-9a-f]{16})-([0-9a-f]{16}) \\(prio -?\\d+, (?:nv-)?(?:ram|rom|romd|ramd)\\): "
              + "(.*?)(?: @([0-9a-f]{16}))?(?: (?:KVM|TCG|HVF|NVMM|WHPX|MSHV))?");

  private static final Pattern ADDRESS =
      Pattern.compile("Host virtual address for 0x[0-9a-f]+ \\((.*)\\) is 0x([0-9a-f]{1,16})\\s*");

  /**
   * A guest-visible range.
   *
   * @param region name of the memory region, the last part of a block's name
   * @param host address of the first byte in QEMU
   * @param offset offset of that byte in the block
   */
  record Seen(String region, long host, long offset) {
    /** Whether the range can be a part of a block. */
    boolean mayBe(QemuRamBlock block) {
      return block.name().equals(region) || block.name().endsWith("/" + region);
    }

    /** Address of the block's first byte in QEMU. */
    long start() {
      return host - offset;
    }
  }

  /** A line of the list. */
  record Line(long first, long last, String region, long offset) {}

  /** Queries a QEMU. */
  static GuestAddresses ask(QmpClient qmp) {
    List<Seen> seen = new ArrayList<>();
    for (Line line : parse(Monitor.ask(qmp, "info mtree -f"))) {
      OptionalLong first = address(qmp, line.first(), line.region());
      OptionalLong last = address(qmp, line.last(), line.region());
      // A range that changes meanwhile is not RAM of the guest.
      if (first.isPresent()
          && last.isPresent()
          && last.getAsLong() - first.getAsLong() == line.last() - line.first()) {
        seen.add(new Seen(line.region(), first.getAsLong(), line.offset()));
      }
    }
    return new GuestAddresses(List.copyOf(seen));
  }

  private static OptionalLong address(QmpClient qmp, long guestAddress, String region) {
    String answer = Monitor.ask(qmp, "gpa2hva 0x" + Long.toHexString(guestAddress));
    return hostAddress(answer, region);
  }

  static OptionalLong hostAddress(String answer, String region) {
    Matcher matcher = ADDRESS.matcher(answer);
    return matcher.matches() && matcher.group(1).equals(region)
        ? OptionalLong.of(Long.parseUnsignedLong(matcher.group(2), 16))
        : OptionalLong.empty();
  }

  /** The ranges of RAM and ROM in the view of the guest's memory. */
  static List<Line> parse(String text) {
    List<Line> lines = new ArrayList<>();
    boolean memory = false;
    for (String line : text.lines().toList()) {
      if (line.startsWith(BEGIN_OF_VIEW)) {
        memory = false;
      } else if (line.startsWith(MEMORY)) {
        memory = true;
      } else if (memory) {
        Matcher range = RANGE.matcher(line);
        if (range.matches()) {
          lines.add(
              new Line(
                  Long.parseUnsignedLong(range.group(1), 16),
                  Long.parseUnsignedLong(range.group(2), 16),
                  range.group(3),
                  range.group(4) == null ? 0 : Long.parseUnsignedLong(range.group(4), 16)));
        }
      }
    }
    return List.copyOf(lines);
  }
}
