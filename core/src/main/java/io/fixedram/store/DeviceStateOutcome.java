// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import java.util.function.Supplier;

/**
 * The device state that stands at the end of a save, or why there is none: pages before it can be
 * read all the same.
 */
sealed interface DeviceStateOutcome {
  /** It was read. */
  record Read(DeviceState state) implements DeviceStateOutcome {}

  /** It is damaged, incomplete, or can't be carried. */
  record Failed(FixedRamException reason) implements DeviceStateOutcome {}

  /** What comes of reading it. */
  static DeviceStateOutcome of(Supplier<DeviceState> reading) {
    try {
      return new Read(reading.get());
    } catch (FixedRamException e) {
      return new Failed(e);
    }
  }

  /** The state, or the failure thrown. */
  default DeviceState get() {
    return switch (this) {
      case Read read -> read.state();
      case Failed failed -> throw failed.reason();
    };
  }
}
