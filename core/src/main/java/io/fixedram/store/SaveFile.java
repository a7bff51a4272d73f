// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.layout.SaveFormat;
import java.util.List;

/**
 * The file of a save.
 *
 * @param bytes content of the file, in which the offsets of the save count from position 0; the
 *     receiver must not close it
 * @param start position of the save's first byte
 * @param format layout of the pages
 * @param capabilities names in the configuration section, including that of the layout
 */
public record SaveFile(ByteStore bytes, long start, SaveFormat format, List<String> capabilities) {
  /** Keeps a copy of the list. */
  public SaveFile {
    capabilities = List.copyOf(capabilities);
  }
}
