// SPDX-License-Identifier: Apache-2.0
/** The guests of a benchmark, and the QEMUs that run them. */
package io.fixedram.bench.guest;
