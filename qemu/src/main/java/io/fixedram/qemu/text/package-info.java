// SPDX-License-Identifier: Apache-2.0
/** Sizes of memory as text: as QEMU's options take them, and as people read them. */
package io.fixedram.qemu.text;
