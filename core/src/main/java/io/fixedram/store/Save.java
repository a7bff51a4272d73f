// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.FixedLayout;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.stream.ConfigurationSection;
import io.fixedram.stream.StreamInput;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A save on disk, open for reading. Can be sent any number of times; one thread at a time. */
public sealed interface Save extends PageSource, AutoCloseable permits FixedSave, StreamSave {
  /** Buffer for reading what is not pages. */
  int HEADER_BUFFER_BYTES = 1 << 16;

  /**
   * Opens a save, whatever its format.
   *
   * @throws StorageException if the file can't be read
   * @throws DamagedSaveException if it is not a save, or its head is damaged
   */
  static Save open(Path path) {
    return open(Descriptor.open(path, Descriptor.Mode.READ));
  }

  /** The same of an open file, which is closed with the save, or if it is none. */
  static Save open(Descriptor descriptor) {
    Path path = descriptor.path();
    try {
      if (!descriptor.status().regular()) {
        throw new StorageException("cannot read " + path + ": it is not a regular file", 0);
      }
      List<String> capabilities;
      try (StreamInput in =
          new StreamInput(descriptor::read, path.toString(), HEADER_BUFFER_BYTES)) {
        capabilities = ConfigurationSection.read(in).capabilities();
      }
      Optional<FixedLayout> layout = FixedLayout.named(capabilities);
      return layout.isPresent()
          ? FixedSave.read(descriptor, layout.get())
          : new StreamSave(descriptor);
    } catch (FixedRamException e) {
      descriptor.close();
      throw e;
    }
  }

  /** What it is. */
  SaveFormat format();

  /** Where it lies. */
  Path path();

  /** What stands before the first page. */
  SaveHeader header();

  @Override
  void close();
}
