// SPDX-License-Identifier: Apache-2.0
/**
 * Memory of a guest in this process: its RAM blocks, the log of written pages, and loading a save
 * into it, from a stream ({@link io.fixedram.memory.MemorySink}) or with random access ({@link
 * io.fixedram.memory.MemoryLoad}).
 */
package io.fixedram.memory;
