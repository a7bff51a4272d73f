// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.DamagedSaveException;
import java.time.Instant;

/** Change of a store since it was opened. */
public sealed interface StoreState {
  /** No visible change. */
  record Unchanged() implements StoreState {}

  /** The size has changed. */
  record Resized(long openedBytes, long nowBytes) implements StoreState {}

  /** The content was written. The time has the resolution of the file system. */
  record Modified(Instant at) implements StoreState {}

  /** The content changes all the time, as the memory of a running guest does. */
  record Changing() implements StoreState {}

  /**
   * Throws if the store was changed.
   *
   * @param name name of the store, for the error
   */
  default void throwIfChanged(String name) {
    String what =
        switch (this) {
          case Unchanged _, Changing _ -> "";
          case Resized resized ->
              ": it had " + resized.openedBytes() + " bytes and has " + resized.nowBytes();
          case Modified modified -> ", at " + modified.at();
        };
    if (!what.isEmpty()) {
      throw new DamagedSaveException(
          name
              + " was changed since it was opened"
              + what
              + "; the guest's memory can't be trusted");
    }
  }
}
