// SPDX-License-Identifier: Apache-2.0
/** What differs between two guests, or between two moments of one. */
package io.fixedram.inspect.diff;
