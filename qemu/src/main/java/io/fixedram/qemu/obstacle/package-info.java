// SPDX-License-Identifier: Apache-2.0
/**
 * Reasons why a save or restore, or a mode of it, is not possible, as types for a {@code switch}.
 * Each kind of obstacle is a record of its facts, which also has the sentence for users.
 */
package io.fixedram.qemu.obstacle;
