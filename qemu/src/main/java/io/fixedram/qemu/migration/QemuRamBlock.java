// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A RAM block of a QEMU, as its monitor lists it for people ("info ramblock"; QMP has no command
 * for it that is not experimental).
 *
 * @param name its name in a migration
 * @param pageSize bytes of a host page
 * @param offset where QEMU counts it from among all RAM
 * @param usedLength bytes
 * @param wholeLength bytes that it can grow to
 * @param host its address in QEMU, listed from QEMU 8.0 on
 */
public record QemuRamBlock(
    String name, long pageSize, long offset, long usedLength, long wholeLength, OptionalLong host) {
  private static final long ORDINARY_PAGE_BYTES = 4096;

  /** Files that QEMU makes for the guest's firmware, which get the length that is loaded. */
  private static final String FIRMWARE_FILE = "/rom@";

  /**
   * Name, page size, offset, used length, whole length, and in later versions the address and more.
   * Memory that no migration moves, such as a backend that nothing uses, has no name.
   */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*(\\S.*?|)\\s+(\\d+) ([KMGT]?)i?B\\s+0x([0-9a-f]{1,16})\\s+0x([0-9a-f]{1,16})"
              + "\\s+0x([0-9a-f]{1,16})(?:\\s+0x([0-9a-f]{1,16}))?(?:\\s.*)?");

  private static final String UNITS = "KMGT";
  private static final int BITS_A_UNIT = 10;

  /** The blocks that a migration moves; none if this QEMU does not list them as is understood. */
  public static List<QemuRamBlock> ask(QmpClient qmp) {
    try {
      return parse(
          qmp.execute("human-monitor-command", Map.of("command-line", "info ramblock")).text());
    } catch (QmpException e) {
      return List.of();
    }
  }

  static List<QemuRamBlock> parse(String text) {
    List<QemuRamBlock> blocks = new ArrayList<>();
    for (String line : text.lines().skip(1).filter(line -> !line.isBlank()).toList()) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        return List.of();
      }
      if (!matcher.group(1).isEmpty()) {
        blocks.add(block(matcher));
      }
    }
    return List.copyOf(blocks);
  }

  private static QemuRamBlock block(Matcher line) {
    int unit = line.group(3).isEmpty() ? 0 : UNITS.indexOf(line.group(3)) + 1;
    return new QemuRamBlock(
        line.group(1),
        Long.parseLong(line.group(2)) << (unit * BITS_A_UNIT),
        hex(line.group(4)),
        hex(line.group(5)),
        hex(line.group(6)),
        line.group(7) == null ? OptionalLong.empty() : OptionalLong.of(hex(line.group(7))));
  }

  private static long hex(String digits) {
    return Long.parseUnsignedLong(digits, 16);
  }

  /** Whether QEMU loads so many bytes of it. */
  public boolean takes(long savedLength) {
    return savedLength == usedLength
        || name.startsWith(FIRMWARE_FILE)
        || (usedLength < wholeLength && savedLength <= wholeLength);
  }

  public boolean hasHugePages() {
    return pageSize != ORDINARY_PAGE_BYTES;
  }
}
