// SPDX-License-Identifier: Apache-2.0
/**
 * Access to bytes: of a file or another store at any position, or of a connection in order. This
 * package knows no formats.
 */
package io.fixedram.bytes;
