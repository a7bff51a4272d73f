// SPDX-License-Identifier: Apache-2.0
/** Verification of whole saves, and sealing of files that were written without a seal. */
package io.fixedram.verify;
