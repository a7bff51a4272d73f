// SPDX-License-Identifier: Apache-2.0
/** What {@code fixedram bench} does: suites of rivals that do the same job in turn. */
package io.fixedram.bench;
