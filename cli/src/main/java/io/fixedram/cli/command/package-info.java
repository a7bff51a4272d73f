// SPDX-License-Identifier: Apache-2.0
/** What a subcommand is. */
package io.fixedram.cli.command;
