// SPDX-License-Identifier: Apache-2.0
/**
 * Serves a save's pages to a guest that runs already: the source's side of QEMU's postcopy, from a
 * file.
 */
package io.fixedram.pageserver;
