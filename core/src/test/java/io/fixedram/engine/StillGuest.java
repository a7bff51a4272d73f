// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.MemorySegment;

/** A guest that writes nothing by itself. */
public class StillGuest implements GuestControl {
  /** A guest that stands still. */
  public StillGuest() {}

  @Override
  public void stop() {}

  @Override
  public DeviceState deviceState() {
    return new OpaqueDevice("still-guest", 1, MemorySegment.NULL).toDeviceState();
  }

  @Override
  public void resume() {}
}
