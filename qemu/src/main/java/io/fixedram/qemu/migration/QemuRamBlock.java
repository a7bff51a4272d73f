// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A RAM block of a QEMU, as its monitor lists it for people ("info ramblock"; QMP has no command
 * for it that is not experimental).
 *
 * @param name its name in a migration
 * @param pageSize bytes of a host page, as QEMU writes them: {@code 4 KiB}, {@code 2 MiB}
 * @param usedLength bytes
 * @param wholeLength bytes that it can grow to
 */
public record QemuRamBlock(String name, String pageSize, long usedLength, long wholeLength) {
  /** Files that QEMU makes for the guest's firmware, which get the length that is loaded. */
  private static final String FIRMWARE_FILE = "/rom@";

  /**
   * Name, page size, offset, used length, whole length, and more in later versions. Memory that no
   * migration moves, such as a backend that nothing uses, has no name.
   */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*(\\S.*?|)\\s+(\\d+ [KMGT]?i?B)\\s+0x[0-9a-f]+\\s+0x([0-9a-f]{1,16})"
              + "\\s+0x([0-9a-f]{1,16})(?:\\s.*)?");

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
        blocks.add(
            new QemuRamBlock(
                matcher.group(1),
                matcher.group(2),
                Long.parseUnsignedLong(matcher.group(3), 16),
                Long.parseUnsignedLong(matcher.group(4), 16)));
      }
    }
    return List.copyOf(blocks);
  }

  /** Whether QEMU loads so many bytes of it. */
  public boolean takes(long savedLength) {
    return savedLength == usedLength
        || name.startsWith(FIRMWARE_FILE)
        || (usedLength < wholeLength && savedLength <= wholeLength);
  }

  public boolean hasHugePages() {
    return !pageSize.equals("4 KiB");
  }
}
