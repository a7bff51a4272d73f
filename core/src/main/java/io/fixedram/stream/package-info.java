// SPDX-License-Identifier: Apache-2.0
/**
 * The grammar of QEMU's migration stream: its sections, the records of an ordinary (sequential)
 * "ram" section, and with a decoder as {@link io.fixedram.guest.PageSource} and encoders as {@link
 * io.fixedram.guest.SaveSink}.
 *
 * <p>All facts were taken from streams written by QEMU 7.2 and 10.0; docs/format.md describes the
 * whole format. Integers are big-endian.
 */
package io.fixedram.stream;
