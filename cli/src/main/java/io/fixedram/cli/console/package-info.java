// SPDX-License-Identifier: Apache-2.0
/** What the user sees: results as text or JSON, messages, progress. */
package io.fixedram.cli.console;
