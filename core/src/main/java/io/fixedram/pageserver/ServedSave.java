// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.store.PageStore;
import java.util.List;

/**
 * A save that is served, and what the server keeps of it.
 *
 * @param store its pages
 * @param blocks for each block which pages have content and which were sent
 * @param hot what goes first; what the guest asks for is added
 * @param faults counts answers to requests
 * @param allZeros whether the destination needs all zero pages too
 */
record ServedSave(
    PageStore store, List<BlockPages> blocks, HotPages hot, FaultTimes faults, boolean allZeros) {

  int targetPageSize() {
    return store.header().blocks().targetPageSize();
  }
}
