// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;

/**
 * A record of a "ram" payload with the content of one page.
 *
 * @param block the page's block
 * @param offset the page's offset in the block
 * @param from memory with the encoded content, valid until the next record is read
 * @param fromOffset offset of the content in that memory
 * @param lengthBytes length of the encoded content
 * @param recordPosition position of the record in the stream, for errors
 * @param position position of the encoded content in the stream
 */
public record EncodedPage(
    RamBlock block,
    long offset,
    PageEncoding encoding,
    MemorySegment from,
    long fromOffset,
    int lengthBytes,
    long recordPosition,
    long position) {}
