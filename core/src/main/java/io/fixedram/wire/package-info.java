// SPDX-License-Identifier: Apache-2.0
/**
 * The grammar of QEMU's migration stream: its sections and their fields, the records of an ordinary
 * (sequential) "ram" section, the end of a postcopy migration, and the return path.
 *
 * <p>All facts were taken from streams written by QEMU 7.2 and 10.0; docs/format.md describes the
 * whole format. Integers are big-endian.
 */
package io.fixedram.wire;
