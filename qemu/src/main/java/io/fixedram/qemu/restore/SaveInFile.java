// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Opens the save in a file. A type of its own, so that equal restores of a file are equal. */
record SaveInFile(Path file) implements Supplier<PageStore> {
  @Override
  public PageStore get() {
    return Saves.open(file);
  }
}
