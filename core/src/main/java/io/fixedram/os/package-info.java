// SPDX-License-Identifier: Apache-2.0
/**
 * What Java lacks of Linux: positioned and direct I/O on descriptors, holes, locks, and unix
 * sockets that pass descriptors.
 */
package io.fixedram.os;
