// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.nio.file.Path;

/**
 * Parameters of a restore.
 *
 * @param file the save
 * @param target the QEMU to restore into
 * @param mode the restore mode
 * @param paused whether the guest stays paused after loading
 */
record RestoreRequest(Path file, RestoreTarget target, RestoreMode mode, boolean paused) {}
