// SPDX-License-Identifier: Apache-2.0
/** What arguments of commands name: socket addresses, and the QEMU to restore into. */
package io.fixedram.cli.input;
