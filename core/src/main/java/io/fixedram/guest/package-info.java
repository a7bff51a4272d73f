// SPDX-License-Identifier: Apache-2.0
/**
 * The content of a save: the guest's configuration, its RAM blocks, its device state, and pages at
 * offsets of blocks, which flow from a {@link io.fixedram.guest.PageSource} to a {@link
 * io.fixedram.guest.PageSink}.
 */
package io.fixedram.guest;
