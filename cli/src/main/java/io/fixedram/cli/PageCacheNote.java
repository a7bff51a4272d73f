// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.console.Console;
import java.util.Optional;

/** Note on whether pages were written through the page cache. */
final class PageCacheNote {
  private PageCacheNote() {}

  /**
   * Prints the note.
   *
   * @param whyCached reason why pages were written through the page cache; empty if they were
   *     written directly
   */
  static void tell(Console console, Optional<String> whyCached) {
    console.note(
        whyCached
            .map(why -> "pages were written through the page cache: " + why)
            .orElse("pages were written past the page cache (O_DIRECT)"));
  }
}
