// SPDX-License-Identifier: Apache-2.0
/**
 * The source side of QEMU's postcopy migration, with a save as the source: serves pages to a guest
 * that runs already.
 */
package io.fixedram.pageserver;
