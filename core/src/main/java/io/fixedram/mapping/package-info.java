// SPDX-License-Identifier: Apache-2.0
/**
 * Guests that run on a save's file: whether it can be mapped as their memory, and the lock that
 * keeps it from being replaced.
 */
package io.fixedram.mapping;
