// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.guest.RamBlock;

/**
 * A range of a RAM block in an image.
 *
 * @param position position of its first byte in the image
 * @param offset offset of its first byte in the block
 * @param bytes length
 */
public record ImagePart(long position, RamBlock block, long offset, long bytes) {}
