// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import java.util.function.Supplier;

/**
 * The device state at the end of a save, or the reason why it can't be read. Pages can be read in
 * either case.
 */
sealed interface DeviceStateOutcome {
  /** The device state was read. */
  record Read(DeviceState state) implements DeviceStateOutcome {}

  /** The device state is damaged, incomplete, or can't be carried. */
  record Failed(FixedRamException reason) implements DeviceStateOutcome {}

  /** Reads the device state and returns the outcome. */
  static DeviceStateOutcome of(Supplier<DeviceState> reading) {
    try {
      return new Read(reading.get());
    } catch (FixedRamException e) {
      return new Failed(e);
    }
  }

  /** Returns the device state, or throws the failure. */
  default DeviceState get() {
    return switch (this) {
      case Read read -> read.state();
      case Failed failed -> throw failed.reason();
    };
  }
}
