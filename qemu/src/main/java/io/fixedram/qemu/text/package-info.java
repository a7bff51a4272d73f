// SPDX-License-Identifier: Apache-2.0
/** Text forms of memory sizes, for QEMU's options and for users. */
package io.fixedram.qemu.text;
