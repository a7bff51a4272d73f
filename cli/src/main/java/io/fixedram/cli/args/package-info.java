// SPDX-License-Identifier: Apache-2.0
/** The command line: specifications of commands and options, parser, and help. */
package io.fixedram.cli.args;
