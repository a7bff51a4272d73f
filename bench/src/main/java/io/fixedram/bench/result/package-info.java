// SPDX-License-Identifier: Apache-2.0
/** Results of a benchmark and their output: tables, JSON, a chart, targets. */
package io.fixedram.bench.result;
