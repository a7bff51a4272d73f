// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

/** Use of direct writes (O_DIRECT), which bypass the page cache, for pages. */
public enum DirectMode {
  /** Direct writes if the file system supports them. */
  AUTO,
  /** Direct writes; fails if the file system does not support them. */
  ON,
  /** No direct writes. */
  OFF
}
