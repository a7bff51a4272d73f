// SPDX-License-Identifier: Apache-2.0
/** Failures with a sentence for the user, and their remedies. The lowest layer. */
package io.fixedram.error;
