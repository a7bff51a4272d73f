// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

/** Whether pages are written past the page cache (O_DIRECT). */
public enum DirectMode {
  /** Where the file system can. */
  AUTO,
  /** Always; a file system that can't is an error. */
  ON,
  /** Never. */
  OFF
}
