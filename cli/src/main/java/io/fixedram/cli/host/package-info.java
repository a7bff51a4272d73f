// SPDX-License-Identifier: Apache-2.0
/** Services of the host for commands: temporary directories, signals, and starting QEMU. */
package io.fixedram.cli.host;
