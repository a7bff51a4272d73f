// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A range of a file that is not as it was written.
 *
 * @param what what the range is, such as "page content" or "bitmap"
 * @param block RAM block that it belongs to; empty if it belongs to none
 * @param offset offset in the block of the memory that is damaged; empty if it is not memory
 * @param fileOffset offset in the file
 * @param lengthBytes length of the range, both in the block and in the file
 */
public record DamagedRange(
    String what, Optional<String> block, OptionalLong offset, long fileOffset, long lengthBytes) {
  private static final String ARTICLE = "the ";
  private static final String UNREADABLE = "unreadable ";

  /** A range that belongs to no RAM block. */
  public static DamagedRange of(String what, long fileOffset, long lengthBytes) {
    return new DamagedRange(what, Optional.empty(), OptionalLong.empty(), fileOffset, lengthBytes);
  }

  /** A range that belongs to a block but is not its memory. */
  public static DamagedRange ofBlock(String what, String block, long fileOffset, long lengthBytes) {
    return new DamagedRange(
        what, Optional.of(block), OptionalLong.empty(), fileOffset, lengthBytes);
  }

  /** Memory of a block. */
  public static DamagedRange ofMemory(
      String what, String block, long offset, long fileOffset, long lengthBytes) {
    return new DamagedRange(
        what, Optional.of(block), OptionalLong.of(offset), fileOffset, lengthBytes);
  }

  /** The same range, which the disk does not even read. */
  public DamagedRange unreadable() {
    String text =
        what.startsWith(ARTICLE)
            ? ARTICLE + UNREADABLE + what.substring(ARTICLE.length())
            : UNREADABLE + what;
    return new DamagedRange(text, block, offset, fileOffset, lengthBytes);
  }

  /** The range in words: the block and the offset in it, and the place in the file. */
  public String text() {
    StringBuilder text = new StringBuilder(what);
    block.ifPresent(name -> text.append(" of RAM block ").append(name));
    if (offset.isPresent()) {
      text.append(" at offset ").append(offset.getAsLong());
    }
    return text.append(" (")
        .append(lengthBytes)
        .append(" bytes at offset ")
        .append(fileOffset)
        .append(" of the file)")
        .toString();
  }
}
