// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.store.PageStore;
import java.util.List;

/**
 * A save that is being served, with the state of serving it.
 *
 * @param store the pages of the save
 * @param blocks for each block, the kinds of its pages and which were sent
 * @param hot pages to send first; requested pages are added
 * @param faults receives the times of answers to requests
 * @param allZeros whether the destination needs all zero pages too
 */
record ServedSave(
    PageStore store, List<BlockPages> blocks, HotPages hot, FaultTimes faults, boolean allZeros) {

  int targetPageSize() {
    return store.header().blocks().targetPageSize();
  }
}
