// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.nio.file.Path;

/**
 * What {@link GuestRestore} is to do.
 *
 * @param file the save
 * @param mode the restore mode
 * @param paused whether the guest stays stopped once it is loaded, instead of running
 * @param detach whether a QEMU started here is to go on without us: it then gets a session of its
 *     own, and keeps none of our pipes open
 * @param target the QEMU
 */
public record RestoreRequest(
    Path file, RestoreMode mode, boolean paused, boolean detach, RestoreTarget target) {}
