// SPDX-License-Identifier: Apache-2.0
/** What commands need of the machine: directories for a while, and programs. */
package io.fixedram.cli.host;
