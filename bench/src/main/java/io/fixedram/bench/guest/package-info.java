// SPDX-License-Identifier: Apache-2.0
/** Guests of a benchmark, and the QEMUs that run them. */
package io.fixedram.bench.guest;
