// SPDX-License-Identifier: Apache-2.0
/** Sending the pages of a store with several threads. */
package io.fixedram.parallel;
