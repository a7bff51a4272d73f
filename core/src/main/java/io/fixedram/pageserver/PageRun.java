// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

/**
 * A run of consecutive pages, some of which may have been sent.
 *
 * @param block the block of the pages
 * @param first the first page
 * @param end the page after the last
 */
record PageRun(BlockPages block, long first, long end) {}
