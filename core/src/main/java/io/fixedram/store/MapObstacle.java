// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

/**
 * Reason why a block's pages can't be mapped from the file.
 *
 * @param reason the kind of obstacle
 * @param sentence description of the obstacle, with names and offsets
 */
public record MapObstacle(Reason reason, String sentence) {
  /** Kinds of obstacles. */
  public enum Reason {
    /** The pages have no fixed offsets, or are not stored verbatim in a local file. */
    NO_PLACE,
    /** The content of some pages is in another file, and a mapping would show zeros. */
    ELSEWHERE,
    /** The file offset of the pages is not a multiple of the host's page size. */
    MISALIGNED,
    /** The system refuses to map the file. */
    REFUSED,
    /** Zero pages occupy more space in the file than is read to verify that they are zero. */
    TOO_MANY_ZEROS,
    /** The file has old content in pages that are zero in the guest. */
    STALE_CONTENT
  }
}
