// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.layout.SaveFormat;
import java.util.List;

/**
 * The file of a save.
 *
 * @param bytes its content; not to be closed by who gets this
 * @param format how pages are laid out in it
 * @param capabilities names that its configuration section has, that of its layout among them
 */
public record SaveFile(ByteStore bytes, SaveFormat format, List<String> capabilities) {
  /** Keeps a copy of the list. */
  public SaveFile {
    capabilities = List.copyOf(capabilities);
  }
}
