// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * A place where something was found.
 *
 * @param block the RAM block of its first byte
 * @param offset offset of its first byte in the block
 * @param address guest-physical address of its first byte; empty if the block has none there
 * @param bytes length of what was found
 * @param context bytes before it, itself, and bytes behind it; valid only during the call
 * @param before number of bytes before it in {@code context}
 */
public record Hit(
    RamBlock block,
    long offset,
    OptionalLong address,
    int bytes,
    MemorySegment context,
    int before) {}
