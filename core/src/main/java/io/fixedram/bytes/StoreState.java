// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.DamagedSaveException;
import java.time.Instant;

/** What became of a store since it was opened. */
public sealed interface StoreState {
  /** Nothing that can be seen. */
  record Unchanged() implements StoreState {}

  /** It has another size. */
  record Resized(long openedBytes, long nowBytes) implements StoreState {}

  /** Its content was written. The time has the resolution of its file system. */
  record Modified(Instant at) implements StoreState {}

  /** It changes all the time, as the memory of a guest that runs does. */
  record Changing() implements StoreState {}

  /**
   * Throws if the store was changed.
   *
   * @param name what the store is called
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
