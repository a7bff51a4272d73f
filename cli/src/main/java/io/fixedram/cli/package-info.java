// SPDX-License-Identifier: Apache-2.0
/** The fixedram command: one class for each subcommand, and shared classes. */
package io.fixedram.cli;
