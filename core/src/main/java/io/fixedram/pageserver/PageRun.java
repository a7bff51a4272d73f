// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

/**
 * Pages next to each other, some of which may have been sent.
 *
 * @param block their block
 * @param first the first page
 * @param end the page after the last
 */
record PageRun(BlockPages block, long first, long end) {}
