// SPDX-License-Identifier: Apache-2.0
/**
 * Bytes: those of a file or another store at any position, or those of a connection in their order.
 * What they mean is not known here.
 */
package io.fixedram.bytes;
