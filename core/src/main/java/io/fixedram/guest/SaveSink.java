// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.Optional;

/**
 * A destination of one save: {@link #begin}, then pages in any order, then {@link #end}, and
 * finally {@link #close()}, whether the save ended or not. Called by one thread at a time.
 */
public interface SaveSink extends PageSink, AutoCloseable {
  /** Starts the save. */
  void begin(SaveHeader header);

  /** Flushes the pages received so far, as far as that is possible before the end of the save. */
  void drain();

  /** Ends the save: all pages are final. */
  void end(DeviceState state);

  /** Reads back pages received so far; empty if the sink does not keep pages. */
  default Optional<PageReadBack> readBack() {
    return Optional.empty();
  }

  /** Releases what the sink holds. */
  @Override
  void close();
}
