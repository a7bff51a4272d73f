// SPDX-License-Identifier: Apache-2.0
/**
 * Proof that a save is whole: fingerprints of its pages, digests of everything else, and the footer
 * that has them (docs/format.md, "Sealed files").
 */
package io.fixedram.seal;
