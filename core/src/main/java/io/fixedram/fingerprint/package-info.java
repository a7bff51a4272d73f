// SPDX-License-Identifier: Apache-2.0
/**
 * Fingerprints of pages: 128 bits that tell whether a page is what it was, and tables of them. They
 * find what changes by chance, and not what is made to have the same fingerprint.
 */
package io.fixedram.fingerprint;
