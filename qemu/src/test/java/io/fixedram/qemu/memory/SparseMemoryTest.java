// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.os.Descriptor;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A save allocates nothing in QEMU, whatever kind of memory the guest has not written. */
class SparseMemoryTest extends MemoryTest {
  private static final long MIB = 1 << 20;
  private static final int RAM_MEBIBYTES = 256;

  /** A file in memory that a guest's memory can be. */
  private static Path sharedFile() {
    return Path.of("/dev/shm/fixedram-sparse-" + ProcessHandle.current().pid());
  }

  private static Stream<Arguments> kinds() {
    String file = "memory-backend-file,mem-path=" + sharedFile();
    return Stream.of(
            "memory-backend-ram",
            "memory-backend-ram,share=on",
            "memory-backend-memfd",
            "memory-backend-memfd,share=off",
            file + ",share=off")
        .flatMap(kind -> Stream.of(TestedQemu.values()).map(qemu -> Arguments.of(qemu, kind)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void savePopulatesNothing(TestedQemu version, String kind) throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .withRam(RAM_MEBIBYTES)
            .with("-object", kind + ",id=ram,size=" + RAM_MEBIBYTES + "M")
            .with("-machine", "memory-backend=ram");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      long resident = residentBytes(qemu);
      long allocated = sharedBytes(qemu);
      Path file = directory.resolve("guest.save");
      SaveReport report = GuestSave.of(qemu.qmp(), file).mode(SaveMode.MEMORY).run();
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(residentBytes(qemu) - resident).isLessThan(8 * MIB);
      // The file system counts a little ahead, and takes that back.
      assertThat(sharedBytes(qemu) - allocated).isNotPositive();
      try (PageStore saved = Saves.open(file);
          PageStore migrated = Saves.open(migrated(qemu))) {
        StoredBlocks.assertSame(saved, migrated);
      }
    } finally {
      Files.deleteIfExists(sharedFile());
    }
  }

  /** Page tables included, which grow with pages that were only read. */
  private static long residentBytes(RunningQemu qemu) {
    String status = new ProcessFiles((int) qemu.process().pid()).text("status");
    return 1024
        * (Long.parseLong(ProcessFiles.field(status, "VmRSS").getFirst())
            + 512 * Long.parseLong(ProcessFiles.field(status, "VmPTE").getFirst()));
  }

  /** What is allocated for the file behind the guest's memory, if there is one. */
  private static long sharedBytes(RunningQemu qemu) {
    ProcessFiles process = new ProcessFiles((int) qemu.process().pid());
    for (Mapping mapping : AddressSpace.of(process).mappings()) {
      if (mapping.end() - mapping.start() == RAM_MEBIBYTES * MIB && !mapping.isAnonymous()) {
        Path link =
            process
                .path("map_files")
                .resolve(Long.toHexString(mapping.start()) + "-" + Long.toHexString(mapping.end()));
        try (Descriptor file = Descriptor.open(link, Descriptor.Mode.READ)) {
          return file.status().allocatedBytes();
        }
      }
    }
    return 0;
  }
}
