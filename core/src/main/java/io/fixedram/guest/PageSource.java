// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

/**
 * A source of pages: a stream being decoded, a fixed-offset file, or memory of a guest that may be
 * running meanwhile.
 */
public interface PageSource {
  /**
   * Pushes one save into a sink, in the calling thread: {@link SaveSink#begin}, then pages and
   * zeros in any order, the same page any number of times, the last of which wins, then {@link
   * SaveSink#end}. Does not close the sink. May be called once, unless the source says otherwise.
   */
  void sendTo(SaveSink sink);
}
