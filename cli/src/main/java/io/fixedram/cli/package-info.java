// SPDX-License-Identifier: Apache-2.0
/** The fixedram command: one class for each of its commands, and what they share. */
package io.fixedram.cli;
