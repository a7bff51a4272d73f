// SPDX-License-Identifier: Apache-2.0
/** What a benchmark measured, and how it is told: tables, JSON, a chart, targets. */
package io.fixedram.bench.result;
