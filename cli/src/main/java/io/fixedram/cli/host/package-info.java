// SPDX-License-Identifier: Apache-2.0
/** What commands need of the machine: directories for a while, and a QEMU of its own. */
package io.fixedram.cli.host;
