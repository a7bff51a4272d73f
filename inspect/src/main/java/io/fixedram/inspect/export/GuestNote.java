// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.inspect.address.NoMemoryException;
import io.fixedram.inspect.address.PhysicalMemory;
import io.fixedram.inspect.device.Device;
import io.fixedram.inspect.device.DeviceValue.Flag;
import io.fixedram.inspect.device.DeviceValue.Structure;
import io.fixedram.inspect.device.DeviceValue.Whole;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The note that a guest makes of itself for readers of core files (VMCOREINFO), and whose address
 * it tells the device vmcoreinfo (QEMU's docs/specs/vmcoreinfo.rst).
 */
public final class GuestNote {
  /** Name of the device's section. */
  public static final String DEVICE = "vmcoreinfo";

  private static final int FORMAT_ELF = 1;
  private static final int MAX_BYTES = 1 << 20;
  private static final int MIN_BYTES = 12;

  private GuestNote() {}

  /** Reads the note, an ELF note with its head; empty if the guest has made none. */
  public static MemorySegment read(Device device, PhysicalMemory memory) {
    MemorySegment none = MemorySegment.ofArray(new byte[0]);
    if (device.state().isEmpty()) {
      return none;
    }
    Structure state = device.state().get();
    long size = number(state, "vmcoreinfo.size");
    if (!(state.find("has_vmcoreinfo").orElse(new Flag(false)) instanceof Flag(boolean has))
        || !has
        || number(state, "vmcoreinfo.guest_format") != FORMAT_ELF
        || size < MIN_BYTES
        || size > MAX_BYTES) {
      return none;
    }
    MemorySegment note = Arena.ofAuto().allocate((size + 3) & -4);
    try {
      memory.read(number(state, "vmcoreinfo.paddr"), note.asSlice(0, size));
      return note;
    } catch (NoMemoryException e) {
      return none;
    }
  }

  private static long number(Structure state, String name) {
    return state.find(name).orElse(new Flag(false)) instanceof Whole whole ? whole.value() : 0;
  }
}
