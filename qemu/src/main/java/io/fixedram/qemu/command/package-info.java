// SPDX-License-Identifier: Apache-2.0
/** Parsing and rewriting of QEMU command lines, without access to a QEMU. */
package io.fixedram.qemu.command;
