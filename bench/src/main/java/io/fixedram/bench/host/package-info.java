// SPDX-License-Identifier: Apache-2.0
/** Services of the host for benchmarks: packages, caches, result files, and running programs. */
package io.fixedram.bench.host;
