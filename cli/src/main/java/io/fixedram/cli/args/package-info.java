// SPDX-License-Identifier: Apache-2.0
/** The grammar of the command line: what each command takes, its parser, its help. */
package io.fixedram.cli.args;
