// SPDX-License-Identifier: Apache-2.0
/**
 * Linux features that Java lacks: positioned and direct I/O on descriptors, holes, locks, memory of
 * other processes, and unix sockets that pass descriptors.
 */
package io.fixedram.os;
