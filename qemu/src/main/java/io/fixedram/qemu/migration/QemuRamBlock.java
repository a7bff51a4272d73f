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
 * A RAM block of a QEMU as listed by the monitor command "info ramblock" (QMP has only experimental
 * commands for it).
 *
 * @param name name of the block in a migration
 * @param pageSize bytes of a host page
 * @param offset offset of the block in QEMU's RAM address space
 * @param usedLength bytes in use
 * @param wholeLength maximum length in bytes
 * @param host address of the block in QEMU's process, listed since QEMU 8.0
 */
public record QemuRamBlock(
    String name, long pageSize, long offset, long usedLength, long wholeLength, OptionalLong host) {
  private static final long ORDINARY_PAGE_BYTES = 4096;

  /**
   * Prefix of blocks that QEMU creates for the guest's firmware, which are resized to the loaded
   * length.
   */
  private static final String FIRMWARE_FILE = "/rom@";

  /**
   * Name, page size, offset, used length, maximum length, and in later versions the address and
   * more. Memory that is not migrated, such as an unused backend, has no name.
   */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*(\\S.*?|)\\s+(\\d{1,5}) ([KMGT]?)i?B\\s+0x([0-9a-f]{1,16})\\s+0x([0-9a-f]{1,16})"
              + "\\s+0x([0-9a-f]{1,16})(?:\\s+0x([0-9a-f]{1,16}))?(?:\\s.*)?");

  /** A name in QEMU has 256 bytes with its NUL. */
  private static final int MAX_NAME_CHARS = 255;

  /** The pattern takes too long for very long lines. */
  private static final int MAX_LINE_CHARS = 600;

  private static final String UNITS = "KMGT";
  private static final int BITS_PER_UNIT = 10;

  /** The blocks that are migrated; empty if the output of this QEMU can't be parsed. */
  public static List<QemuRamBlock> ask(QmpClient qmp) {
    try {
      return parse(
          qmp.execute("human-monitor-command", Map.of("command-line", "info ramblock")).text());
    } catch (QmpException e) {
      return List.of();
    }
  }

  /** Parses the answer of the monitor; empty if it has another form. */
  public static List<QemuRamBlock> parse(String text) {
    List<QemuRamBlock> blocks = new ArrayList<>();
    for (String line : text.lines().skip(1).filter(line -> !line.isBlank()).toList()) {
      Matcher matcher = LINE.matcher(line);
      if (line.length() > MAX_LINE_CHARS
          || !matcher.matches()
          || matcher.group(1).length() > MAX_NAME_CHARS) {
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
        Long.parseLong(line.group(2)) << (unit * BITS_PER_UNIT),
        hex(line.group(4)),
        hex(line.group(5)),
        hex(line.group(6)),
        line.group(7) == null ? OptionalLong.empty() : OptionalLong.of(hex(line.group(7))));
  }

  private static long hex(String digits) {
    return Long.parseUnsignedLong(digits, 16);
  }

  /** Whether QEMU can load the block with a given length. */
  public boolean takes(long savedLength) {
    return savedLength == usedLength
        || name.startsWith(FIRMWARE_FILE)
        || (usedLength < wholeLength && savedLength <= wholeLength);
  }

  /** Whether a memory region can be this block's, by its name: the last part of the block's. */
  public boolean mayBe(String region) {
    return name.equals(region) || name.endsWith("/" + region);
  }

  public boolean hasHugePages() {
    return pageSize != ORDINARY_PAGE_BYTES;
  }
}
