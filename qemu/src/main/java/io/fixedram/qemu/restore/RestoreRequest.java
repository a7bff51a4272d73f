// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.nio.file.Path;

/**
 * What {@link GuestRestore} is to do.
 *
 * @param file the save
 * @param mode the restore mode
 * @param paused whether the guest stays stopped once it is loaded, instead of running
 * @param target the QEMU
 */
public record RestoreRequest(Path file, RestoreMode mode, boolean paused, RestoreTarget target) {}
