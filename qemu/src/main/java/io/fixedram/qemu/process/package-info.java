// SPDX-License-Identifier: Apache-2.0
/** Programs of this machine: where they are, and how they are started. */
package io.fixedram.qemu.process;
