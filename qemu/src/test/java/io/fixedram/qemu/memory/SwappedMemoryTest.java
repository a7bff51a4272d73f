// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory that is swapped out is neither present nor zero. Needs root, for a swap file. */
class SwappedMemoryTest extends MemoryTest {
  private static final long SWAPPED_BYTES = 8L << 20;

  /** Pages a range of another process out: pidfd_open(2), process_madvise(2) with MADV_PAGEOUT. */
  private static final String PAGE_OUT =
      """
      my ($pid, $start, $length) = @ARGV;
      my $fd = syscall(434, $pid + 0, 0);
      my $range = pack("QQ", $start, $length);
      my $done = syscall(440, $fd, $range, 1, 21, 0);
      die "process_madvise: $!" if $fd < 0 || $done < 0;
      """;

  private static int run(String... words) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    if (status != 0) {
      System.getLogger(SwappedMemoryTest.class.getName())
          .log(System.Logger.Level.INFO, String.join(" ", List.of(words)) + ": " + output);
    }
    return status;
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, off", "QEMU_7, on", "QEMU_10, off"})
  void isRead(TestedQemu version, String share) throws Exception {
    Path swap = Files.write(directory.resolve("swap"), new byte[64 << 20]);
    boolean on =
        run("chmod", "600", swap.toString()) == 0
            && run("mkswap", swap.toString()) == 0
            && run("swapon", swap.toString()) == 0;
    assumeTrue(on, "no swap file can be used here");
    GuestSpec spec =
        GuestSpec.small()
            .with("-object", "memory-backend-ram,id=ram,size=64M,share=" + share)
            .with("-machine", "memory-backend=ram");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      long swapped = pageOut(qemu);
      assertThat(swapped).isGreaterThan(SWAPPED_BYTES);
      assertSameAsMigrated(qemu, this);
    } finally {
      assertThat(run("swapoff", swap.toString())).isZero();
    }
  }

  /** Swaps a guest's memory out, and returns how much of it is. */
  private static long pageOut(RunningQemu qemu) throws IOException, InterruptedException {
    ProcessFiles process = new ProcessFiles((int) qemu.process().pid());
    Mapping ram =
        AddressSpace.of(process).mappings().stream()
            .filter(each -> each.end() - each.start() == 64L << 20)
            .filter(Mapping::isWritable)
            .findFirst()
            .orElseThrow();
    String start = Long.toString(ram.start());
    int status =
        run("perl", "-e", PAGE_OUT, Long.toString(qemu.process().pid()), start, "" + (64 << 20));
    assertThat(status).isZero();
    return swappedBytes(process.text("smaps"), Long.toHexString(ram.start()));
  }

  private static long swappedBytes(String smaps, String start) {
    Matcher swap =
        Pattern.compile("(?s)^" + start + "-.*?^Swap: *(\\d+) kB", Pattern.MULTILINE)
            .matcher(smaps);
    assertThat(swap.find()).isTrue();
    return Long.parseLong(swap.group(1)) << 10;
  }
}
