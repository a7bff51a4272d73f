// SPDX-License-Identifier: Apache-2.0
/** Searching a guest's memory. */
package io.fixedram.inspect.find;
