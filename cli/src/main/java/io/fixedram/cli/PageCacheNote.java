// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.console.Console;
import java.util.Optional;

/** Tells those who asked for details which way pages went to the disk. */
final class PageCacheNote {
  private PageCacheNote() {}

  /**
   * Tells it.
   *
   * @param whyCached why they went through the page cache; empty if they went past it
   */
  static void tell(Console console, Optional<String> whyCached) {
    console.note(
        whyCached
            .map(why -> "pages were written through the page cache: " + why)
            .orElse("pages were written past the page cache (O_DIRECT)"));
  }
}
