// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.nio.file.Path;

/**
 * What a restore is to do.
 *
 * @param file the save
 * @param target the QEMU
 * @param mode the restore mode
 * @param paused whether the guest stays stopped once it is loaded, instead of running
 */
record RestoreRequest(Path file, RestoreTarget target, RestoreMode mode, boolean paused) {}
