// SPDX-License-Identifier: Apache-2.0
/**
 * A migration stream as {@link io.fixedram.guest.PageSource} and as {@link
 * io.fixedram.guest.SaveSink}, and the device state of a guest that is not QEMU's.
 */
package io.fixedram.stream;
