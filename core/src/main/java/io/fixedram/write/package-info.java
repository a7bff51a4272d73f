// SPDX-License-Identifier: Apache-2.0
/**
 * Saves that are being written: a file gets its name when it is complete and durable, and leaves
 * nothing behind otherwise.
 */
package io.fixedram.write;
