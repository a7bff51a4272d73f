// SPDX-License-Identifier: Apache-2.0
/** Implementation of {@code fixedram bench}: suites of rivals that do the same job in turn. */
package io.fixedram.bench;
