// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.file.Save;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compares the RAM blocks of a save with those of the QEMU that is to load it, as its monitor lists
 * them ("info ramblock"; QMP has no command for it). QEMU loads no block that it does not have, nor
 * one of another length, unless it can make that one longer or shorter.
 */
final class IncomingBlocks {
  /** Name, page size, offset, used length, whole length. */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*(\\S+)\\s+\\d+ \\S+\\s+0x[0-9a-f]+\\s+0x([0-9a-f]+)\\s+0x([0-9a-f]+)(?:\\s.*)?");

  /** Files that QEMU makes for the guest's firmware, which get the length that is loaded. */
  private static final String FIRMWARE_FILE = "/rom@";

  private IncomingBlocks() {}

  private record Block(long usedLength, long wholeLength) {
    boolean takes(RamBlock saved) {
      return saved.usedLength() == usedLength
          || saved.name().startsWith(FIRMWARE_FILE)
          || (usedLength < wholeLength && saved.usedLength() <= wholeLength);
    }
  }

  /**
   * Compares them.
   *
   * @throws FixedRamException naming the block that QEMU can't load
   */
  static void check(QmpClient qmp, Save save) {
    Optional<Map<String, Block>> blocks = ask(qmp);
    if (blocks.isEmpty()) {
      return;
    }
    for (RamBlock saved : save.header().blocks().list()) {
      Block block = blocks.get().get(saved.name());
      if (block == null) {
        throw new FixedRamException(
            save.path()
                + " holds RAM block "
                + saved
                + " ("
                + IncomingChecks.size(saved.usedLength())
                + "), which this QEMU does not have: start it with the memory backends and devices"
                + " of the saved guest, under the same names and addresses");
      }
      if (!block.takes(saved)) {
        throw new FixedRamException(
            save.path()
                + " holds "
                + IncomingChecks.size(saved.usedLength())
                + " of RAM block "
                + saved
                + ", but this QEMU has "
                + IncomingChecks.size(block.usedLength)
                + " of it: start it with the memory, devices and firmware of the saved guest");
      }
    }
  }

  /** The blocks by name; empty if this QEMU does not list them in a way that is understood. */
  private static Optional<Map<String, Block>> ask(QmpClient qmp) {
    String text;
    try {
      text = qmp.execute("human-monitor-command", Map.of("command-line", "info ramblock")).text();
    } catch (QmpException e) {
      return Optional.empty();
    }
    return parse(text);
  }

  private static Optional<Map<String, Block>> parse(String text) {
    Map<String, Block> blocks = new HashMap<>();
    for (String line : text.lines().skip(1).filter(line -> !line.isBlank()).toList()) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        return Optional.empty();
      }
      blocks.put(
          matcher.group(1),
          new Block(
              Long.parseUnsignedLong(matcher.group(2), 16),
              Long.parseUnsignedLong(matcher.group(3), 16)));
    }
    return blocks.isEmpty() ? Optional.empty() : Optional.of(blocks);
  }
}
