// SPDX-License-Identifier: Apache-2.0
/** Keys by which saves are signed. */
package io.fixedram.key;
