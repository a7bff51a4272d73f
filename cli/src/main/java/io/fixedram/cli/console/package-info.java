// SPDX-License-Identifier: Apache-2.0
/** Output for the user: results as text or JSON, messages, progress. */
package io.fixedram.cli.console;
