// SPDX-License-Identifier: Apache-2.0
/**
 * Fingerprints of pages: 128 bits that show whether a page has changed, and tables of them. They
 * detect accidental changes, but not pages that were constructed to have the same fingerprint.
 */
package io.fixedram.fingerprint;
