// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Guests that were booted and saved once for all tests, each of which gets a copy of its own. They
 * stood still while they were saved: QEMU's dirty log loses pages under TCG, and what is wrong
 * after a restore shall be the restore's.
 */
final class SavedGuests implements AutoCloseable {
  private final Path directory;
  private final Map<Key, Saved> guests = new HashMap<>();

  private record Key(TestedQemu version, GuestSpec spec, SaveFormat format) {}

  private record Saved(Path file, String serial) {}

  private SavedGuests(Path directory) {
    this.directory = directory;
  }

  /** Gives all tests of a run the same. */
  static final class Provider implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == SavedGuests.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(Namespace.create(SavedGuests.class))
          .computeIfAbsent(SavedGuests.class, _ -> create(), SavedGuests.class);
    }

    private static SavedGuests create() {
      try {
        return new SavedGuests(Files.createTempDirectory("fixedram-guests-"));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /**
   * Puts a copy of a guest's save somewhere.
   *
   * @return what the guest had printed until it was saved
   */
  String copy(TestedQemu version, GuestSpec spec, SaveFormat format, Path to) throws Exception {
    Key key = new Key(version, spec, format);
    Saved saved = guests.get(key);
    if (saved == null) {
      saved = save(key, Files.createDirectory(directory.resolve("guest" + guests.size())));
      guests.put(key, saved);
    }
    // Holes stay holes.
    Process copy =
        new ProcessBuilder("cp", "--sparse=always", saved.file().toString(), to.toString())
            .inheritIO()
            .start();
    if (copy.waitFor() != 0) {
      throw new AssertionError("cannot copy " + saved.file());
    }
    return saved.serial();
  }

  private static Saved save(Key key, Path directory) throws Exception {
    Path file = directory.resolve("guest.save");
    try (RunningQemu qemu = RunningQemu.boot(key.version, key.spec, directory)) {
      qemu.awaitGeneration(3);
      GuestSave request =
          GuestSave.of(qemu.qmp(), file)
              .mode(SaveMode.STREAM)
              .format(key.format)
              .stopFirst()
              .then(AfterSave.QUIT)
              .maxPasses(QemuTest.MAX_PASSES);
      request.run();
      qemu.process().waitFor();
      return new Saved(file, qemu.serial());
    }
  }

  @Override
  public void close() throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(directory)) {
      all = files.toList().reversed();
    }
    for (Path each : all) {
      Files.delete(each);
    }
  }
}
