// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.Optional;

/**
 * Takes one save: {@link #begin}, then pages in any order, then {@link #end}, and at last {@link
 * #close()}, whether it ended or not. Called by one thread at a time.
 */
public interface SaveSink extends PageSink, AutoCloseable {
  /** Starts the save. */
  void begin(SaveHeader header);

  /** Returns when what came so far is on its way as far as it can be without an end. */
  void drain();

  /** Ends the save: all pages are final. */
  void end(DeviceState state);

  /** What gives the pages back that came so far; empty where pages are not kept. */
  default Optional<PageReadBack> readBack() {
    return Optional.empty();
  }

  /** Releases what the sink holds. */
  @Override
  void close();
}
