// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.Inspection;
import java.util.stream.Collectors;

/** RAM blocks by their names. */
final class Blocks {
  private Blocks() {}

  /**
   * The block with a name.
   *
   * @throws FixedRamException if there is none, with the names that there are
   */
  static RamBlock find(Inspection guest, String name) {
    return guest.memory().blocks().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new FixedRamException(
                guest.memory().name()
                    + " has no RAM block "
                    + name
                    + "; it has "
                    + guest.memory().blocks().stream()
                        .map(RamBlock::name)
                        .collect(Collectors.joining(", "))));
  }
}
