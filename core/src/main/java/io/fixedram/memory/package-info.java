// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of a guest that this process owns: its RAM blocks, the log of pages written, and
 * loading a save into it, from a stream ({@link io.fixedram.memory.MemorySink}) or with random
 * access ({@link io.fixedram.memory.MemoryLoad}).
 */
package io.fixedram.memory;
