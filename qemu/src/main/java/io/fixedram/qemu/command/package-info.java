// SPDX-License-Identifier: Apache-2.0
/** Reads and rewrites QEMU command lines; talks to no QEMU. */
package io.fixedram.qemu.command;
