// SPDX-License-Identifier: Apache-2.0
/**
 * Writing of saves: a file gets its name when it is complete and durable, and is removed otherwise.
 */
package io.fixedram.write;
