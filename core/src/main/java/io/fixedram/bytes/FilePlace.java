// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

/**
 * A position in a local file.
 *
 * @param file the open file; the receiver must not close it
 * @param position byte offset in it
 */
public record FilePlace(LocalFile file, long position) {}
