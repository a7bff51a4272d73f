// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Space that is allocated before pages come, and given back where none came. */
class AheadAllocationTest {
  private static final int MIB = 1 << 20;
  private static final int DENSE = 24 * MIB;

  private final RamBlock ram = new RamBlock(0, "pc.ram", 100L * MIB);
  private final RamBlock more = new RamBlock(1, "mach-virt.ram", 40L * MIB);

  @TempDir Path directory;

  /** A dense start, single pages far apart, a page of the dense part that becomes zero. */
  private Script script() {
    Random random = new Random(1);
    Script script = Script.of(Guest.of(ram, more).with(RandomGuests.tail(random)));
    byte[] content = new byte[MIB];
    for (int at = 0; at < DENSE; at += MIB) {
      random.nextBytes(content);
      script = script.data(ram, at, content.clone());
    }
    return script
        .data(ram, 30L * MIB, RandomGuests.content(random, 4096))
        .data(ram, 99L * MIB + 4096, RandomGuests.content(random, 4096))
        .data(more, 8192, RandomGuests.content(random, 4096))
        .zero(ram, 5L * MIB + 8192, 3 * 4096);
  }

  private WrittenSave save(FaultyCalls calls, Path target) {
    Script script = script();
    try (SaveWriter writer =
        SaveWriter.create(
            calls,
            target,
            SaveFormat.MAPPED_RAM,
            DestinationMemory.QEMU,
            new WriteOptions(DirectMode.AUTO, false, 4096))) {
      script.sendTo(writer.sink());
      return writer.publish();
    }
  }

  private static long allocations(FaultyCalls calls) {
    return calls.calls().stream().filter(call -> call.kind() == Kind.FALLOCATE).count();
  }

  @Test
  void spaceIsAllocatedAheadAndGivenBack() throws IOException {
    Path target = directory.resolve("save");
    FaultyCalls calls = FaultyCalls.none();
    WrittenSave written = save(calls, target);
    assumeTrue(written.whyCached().isEmpty(), "no direct writes in " + directory);
    SavedFile.check(target, script().guest(), SaveFormat.MAPPED_RAM, 4096, true);
    // One that allocates, one punched for the pages that became zero, at least one that gives back.
    assertThat(allocations(calls)).isGreaterThanOrEqualTo(3);
    assertThat(written.pageBytes()).isEqualTo(DENSE + 3 * 4096 - 3 * 4096);
    assertThat(written.diskBytes()).isBetween(written.pageBytes(), written.pageBytes() + MIB);
  }

  /** A disk may have room for the pages and not for what is allocated ahead. */
  @Test
  void spaceThatCannotBeAllocatedIsNoFault() throws IOException {
    Path target = directory.resolve("save");
    FaultyCalls calls =
        new FaultyCalls(call -> {
          boolean first = call.kind() == Kind.FALLOCATE;
          return first ? Errno.EOPNOTSUPP.number() : 0;
        });
    save(calls, target);
    SavedFile.check(target, script().guest(), SaveFormat.MAPPED_RAM, 4096, false);
  }

  /** What was allocated ahead takes the room that scattered pages need. */
  @RepeatedTest(20)
  void spaceAllocatedAheadIsFreedWhenTheDiskIsFull() throws IOException {
    Path target = directory.resolve("save");
    AtomicInteger allocations = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.FALLOCATE) {
            allocations.incrementAndGet();
          }
          boolean full = call.kind() == Kind.PWRITE && allocations.get() == 1;
          return full && refused.incrementAndGet() > 0 ? Errno.ENOSPC.number() : 0;
        });
    WrittenSave written = save(calls, target);
    assumeTrue(written.whyCached().isEmpty(), "no direct writes in " + directory);
    assertThat(refused.get()).isPositive();
    SavedFile.check(target, script().guest(), SaveFormat.MAPPED_RAM, 4096, true);
  }

  @Test
  void fullDiskThatTakesThePagesIsNoFault() throws IOException {
    Path target = directory.resolve("save");
    boolean[] failed = new boolean[1];
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() != Kind.FALLOCATE || failed[0]) {
            return 0;
          }
          failed[0] = true;
          return Errno.ENOSPC.number();
        });
    WrittenSave written = save(calls, target);
    assumeTrue(written.whyCached().isEmpty(), "no direct writes in " + directory);
    assertThat(failed[0]).isTrue();
    SavedFile.check(target, script().guest(), SaveFormat.MAPPED_RAM, 4096, true);
  }
}
