// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import java.util.OptionalLong;

/**
 * What a save says of one RAM block.
 *
 * @param name QEMU's idstr
 * @param usedLength bytes
 * @param pageSize bytes of a target page
 * @param pagesOffset file offset of the first page; none in a stream
 * @param bitmapOffset file offset of the bitmap; none in a stream
 * @param pages number of target pages
 * @param present number of pages whose content the save holds; in a stream, that are not zero at
 *     its end
 */
public record BlockInfo(
    String name,
    long usedLength,
    long pageSize,
    OptionalLong pagesOffset,
    OptionalLong bitmapOffset,
    long pages,
    long present) {}
