// SPDX-License-Identifier: Apache-2.0
/**
 * The grammar of QEMU's migration stream: its sections, the records of an ordinary (sequential)
 * "ram" section, and both as a {@link io.fixedram.guest.PageSource} and a {@link
 * io.fixedram.guest.SaveSink}.
 *
 * <p>Every fact here was read off streams that QEMU 7.2 and 10.0 wrote; docs/format.md describes
 * the same bytes in one piece. Integers are big-endian.
 */
package io.fixedram.stream;
