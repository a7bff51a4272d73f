// SPDX-License-Identifier: Apache-2.0
/**
 * Saves on disk: opened and described whatever their format, and written so that a file is complete
 * and durable when it appears under its name.
 */
package io.fixedram.file;
