// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fixedram.layout.SaveFormat;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What nobody expects, such as the end of the heap, at any moment of a save. */
class SaveLeaksTest {
  /** What has to be done whatever happens. */
  private static final Set<Kind> CLEANING_UP = Set.of(Kind.CLOSE, Kind.UNLINK);

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  void nothingStaysOpenOrBehind(SaveFormat format) throws IOException {
    Random random = new Random(7);
    Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.small());
    Script script = Script.random(random, guest, 20);
    FaultyCalls whole = FaultyCalls.none();
    save(whole, script, format);
    assertThat(whole.open()).isEmpty();
    for (int i = 0; i < whole.calls().size(); i++) {
      int index = i;
      FaultyCalls calls =
          new FaultyCalls(call -> {
            if (call.index() == index && !CLEANING_UP.contains(call.kind())) {
              throw new OutOfMemoryError("for this test");
            }
            return 0;
          });
      Throwable failure = catchThrowable(() -> save(calls, script, format));
      assertThat(calls.open()).as("call %d, %s", index, failure).isEmpty();
      if (failure != null) {
        assertThat(Dirs.names(directory)).as("call %d, %s", index, failure).isSubsetOf("save");
      }
      Files.deleteIfExists(directory.resolve("save"));
    }
  }

  private void save(FaultyCalls calls, Script script, SaveFormat format) throws IOException {
    WriteOptions options = new WriteOptions(DirectMode.AUTO, true, 4096);
    try (SaveWriter writer =
        SaveWriter.create(
            calls, directory.resolve("save"), format, DestinationMemory.QEMU, options)) {
      script.sendTo(writer.sink());
      writer.publish();
    }
  }
}
