// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.ReadBack;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.Script;
import io.fixedram.testkit.LoopDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Saves to real file systems that are nearly full: the save fits, or there is one clear sentence,
 * no unfinished file, and the earlier save.
 */
class SmallDisksTest {
  private static final int MIB = 1 << 20;
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 12L * MIB);
  private static final RamBlock ROM = new RamBlock(1, "pc.rom", 8L * 4096);

  @TempDir Path temporary;

  /** Six MiB of content at both ends, so that half of the space is never needed. */
  private static Script script(long seed) {
    Random random = new Random(seed);
    Script script = Script.of(Guest.of(RAM, ROM).with(RandomGuests.tail(random)));
    byte[] content = new byte[MIB];
    for (int at : new int[] {0, 1, 2, 9, 10, 11}) {
      random.nextBytes(content);
      script = script.data(RAM, (long) at * MIB, content.clone());
    }
    return script.data(ROM, 4096, RandomGuests.content(random, 4096));
  }

  private static WriteOptions options() {
    return new WriteOptions(DirectMode.AUTO, true, 1 << 20);
  }

  private static Guest save(
      SystemCalls calls, Path target, SaveFormat format, WriteOptions options, long seed) {
    Script script = script(seed);
    try (SaveWriter writer =
        SaveWriter.create(calls, target, format, DestinationMemory.QEMU, options)) {
      script.sendTo(writer.sink());
      writer.publish();
    }
    return script.guest();
  }

  private static Guest save(Path target, SaveFormat format, WriteOptions options, long seed) {
    return save(SystemCalls.linux(), target, format, options, seed);
  }

  @ParameterizedTest
  @EnumSource
  void diskFull(LoopDisk.Kind kind) throws IOException, InterruptedException {
    try (LoopDisk disk = LoopDisk.mount(kind, temporary.resolve("disk"), "")) {
      Path target = disk.path().resolve("save");
      int failed = 0;
      int succeeded = 0;
      Guest earlier = save(target, SaveFormat.MAPPED_RAM, options(), 1);
      for (int half = 0; half <= 30; half += half < 10 ? 5 : 3) {
        List<WriteOptions> ways = List.of(options(), options().reserving());
        SaveFormat format = half % 2 == 0 ? SaveFormat.MAPPED_RAM : SaveFormat.STREAM;
        WriteOptions way = ways.get(half / 3 % 2);
        assertThat(disk.leave((long) half * MIB / 2)).isTrue();
        List<String> names = Dirs.names(disk.path());
        try {
          earlier = save(target, format, way, 2 + half);
          succeeded++;
        } catch (StorageException e) {
          failed++;
          assertThat(e.errno()).as(e.getMessage()).isEqualTo(Errno.ENOSPC.number());
          assertThat(e.getMessage())
              .startsWith("cannot ")
              .contains(disk.path().toString(), "no space left on the device")
              .doesNotContain("\n", "Exception");
        }
        assertThat(Dirs.names(disk.path())).as("%d half MiB were free", half).isEqualTo(names);
        assertThat(ReadBack.of(target).is(earlier)).as("%d half MiB were free", half).isTrue();
      }
      assertThat(failed).isPositive();
      assertThat(succeeded).isPositive();
    }
  }

  /** What zero pages did not need is given back, and the file is as any other. */
  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS", "BTRFS"})
  void reservedSpaceIsGivenBack(LoopDisk.Kind kind) throws IOException, InterruptedException {
    try (LoopDisk disk = LoopDisk.mount(kind, temporary.resolve("disk"), "")) {
      Path target = disk.path().resolve("save");
      Guest guest = save(target, SaveFormat.MAPPED_RAM, options().reserving(), 1);
      SavedFile.check(target, guest, SaveFormat.MAPPED_RAM, 1 << 20);
    }
  }

  /** The only quotas that hold for root too, and need nothing more of the kernel. */
  @Test
  void quota() throws IOException, InterruptedException {
    try (LoopDisk disk = LoopDisk.mount(LoopDisk.Kind.BTRFS, temporary.resolve("disk"), "")) {
      Path place = disk.path().resolve("place");
      LoopDisk.need(List.of("btrfs", "quota", "enable", disk.path().toString()));
      LoopDisk.need(List.of("btrfs", "subvolume", "create", place.toString()));
      Path target = place.resolve("save");
      Guest earlier = save(target, SaveFormat.MAPPED_RAM, options(), 1);
      Set<Integer> seen = new HashSet<>();
      for (int limit = 7; limit <= 16; limit += 3) {
        LoopDisk.need(List.of("btrfs", "qgroup", "limit", limit + "M", place.toString()));
        try {
          earlier = save(target, SaveFormat.MAPPED_RAM, options(), limit);
          seen.add(0);
        } catch (StorageException e) {
          seen.add(e.errno());
          assertThat(e.getMessage()).startsWith("cannot ").endsWith("the disk quota is used up");
        }
        assertThat(Dirs.names(place)).containsExactly("save");
        assertThat(ReadBack.of(target).is(earlier)).isTrue();
      }
      assertThat(seen).containsExactlyInAnyOrder(0, Errno.EDQUOT.number());
    }
  }

  /** A file system that says of itself what a test wants. */
  private static FaultyCalls fileSystem(long type, long freeBytes) {
    return new FaultyCalls(call -> 0) {
      @Override
      public long fileSystemType(int descriptor) {
        return type;
      }

      @Override
      public long freeBytes(int descriptor) {
        return freeBytes;
      }
    };
  }

  /** There are no holes in FAT, and no files of 4 GiB. */
  @Test
  void whatCertainlyDoesNotFitIsRefusedBefore() throws IOException {
    Path target = temporary.resolve("save");
    long fat = 0x4d44;
    FaultyCalls small = fileSystem(fat, 12 * MIB);
    assertThatThrownBy(() -> save(small, target, SaveFormat.MAPPED_RAM, options(), 1))
        .isInstanceOfSatisfying(
            StorageException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC.number()))
        .hasMessageMatching(
            ".*save.partial: it needs at least [0-9]{8} bytes, and its file system"
                + " has 12582912 free");
    assertThat(writes(small)).isEmpty();
    Guest guest = save(fileSystem(fat, 20 * MIB), target, SaveFormat.MAPPED_RAM, options(), 1);
    assertThat(ReadBack.of(target).is(guest)).isTrue();
    FaultyCalls large = fileSystem(fat, 100L << 30);
    RamBlock ram = new RamBlock(0, "pc.ram", 4L << 30);
    try (SaveWriter writer =
        SaveWriter.create(large, target, SaveFormat.FIXED_RAM, DestinationMemory.QEMU, options())) {
      assertThatThrownBy(() -> writer.sink().begin(Guest.of(ram).header()))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> {
                assertThat(e.errno()).isEqualTo(Errno.EFBIG.number());
                assertThat(e.remedies()).containsExactly(Remedy.WRITE_ELSEWHERE);
              })
          .hasMessageContaining("files of its file system (FAT) are smaller than 4 GiB");
    }
    assertThat(writes(large)).isEmpty();
    assertThat(Dirs.names(temporary)).containsExactly("save");
    assertThat(ReadBack.of(target).is(guest)).isTrue();
  }

  private static List<FaultyCalls.Call> writes(FaultyCalls calls) {
    List<FaultyCalls.Call> writes = new ArrayList<>(calls.calls());
    writes.removeIf(call -> call.kind() != FaultyCalls.Kind.PWRITE);
    return writes;
  }

  /** On ext4 a page takes its length; a file system that compresses may take less. */
  @Test
  void announcedContentIsChecked() {
    Path target = temporary.resolve("save");
    long ext4 = 0xef53;
    long btrfs = 0x9123_683eL;
    for (long type : new long[] {ext4, btrfs}) {
      try (SaveWriter writer =
          SaveWriter.create(
              fileSystem(type, 6 * MIB - 1),
              target,
              SaveFormat.MAPPED_RAM,
              DestinationMemory.QEMU,
              options())) {
        writer.expect(6 * MIB);
        if (type == btrfs) {
          writer.sink().begin(script(1).guest().header());
        } else {
          assertThatThrownBy(() -> writer.sink().begin(script(1).guest().header()))
              .hasMessageContaining("it needs at least 6291456 bytes");
        }
      }
    }
  }

  @Test
  void fileSystemThatCannotReserve() throws IOException {
    Path target = temporary.resolve("save");
    FaultyCalls calls =
        new FaultyCalls(
            call -> call.kind() == FaultyCalls.Kind.FALLOCATE ? Errno.EOPNOTSUPP.number() : 0);
    WriteOptions reserving = options().reserving();
    assertThatThrownBy(() -> save(calls, target, SaveFormat.MAPPED_RAM, reserving, 1))
        .isInstanceOfSatisfying(
            StorageException.class,
            e -> assertThat(e.remedies()).containsExactly(Remedy.DO_NOT_RESERVE))
        .hasMessageContaining("cannot reserve ");
    assertThat(Dirs.names(temporary)).isEmpty();
  }
}
