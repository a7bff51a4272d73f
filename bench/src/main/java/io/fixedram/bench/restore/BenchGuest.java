// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.restore;

import io.fixedram.file.WriteOptions;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Cancellation;
import io.fixedram.qemu.AfterSave;
import io.fixedram.qemu.GuestSave;
import io.fixedram.qemu.SaveRequest;
import io.fixedram.qemu.TransferListener;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest with some of its RAM in use, and the saves of it that the contenders restore: fixedram's,
 * QEMU's own mapped-ram file, and QEMU's stream.
 *
 * @param qemu the QEMU program
 * @param directory where all of it is
 * @param ramMebibytes RAM
 * @param usedMebibytes how much of it the guest writes, from 16 MiB on
 */
record BenchGuest(Path qemu, Path directory, int ramMebibytes, int usedMebibytes) {
  private static final long FIRST_ADDRESS = 16L << 20;
  private static final int PAGES_A_MEBIBYTE = 256;

  /** It writes each of its pages once in so many rounds. */
  private static final int ROUNDS_OVER_ALL = 4;

  Path fixedramSave() {
    return directory.resolve("guest.fram");
  }

  Path mappedRamFile() {
    return directory.resolve("guest.mapped-ram");
  }

  Path stream() {
    return directory.resolve("guest.stream");
  }

  Path socket() {
    return directory.resolve("qmp");
  }

  /** Its command line, without QMP. */
  List<String> command(Path serial) {
    List<String> words = new ArrayList<>();
    words.add(qemu.toString());
    words.addAll(List.of("-accel", "tcg", "-machine", "pc-i440fx-7.2", "-m", ramMebibytes + "M"));
    words.addAll(List.of("-nodefaults", "-display", "none", "-vga", "none", "-no-reboot"));
    words.addAll(List.of("-drive", "format=raw,snapshot=on,file=" + directory.resolve("boot.img")));
    words.addAll(List.of("-serial", "file:" + serial));
    return words;
  }

  /** Boots it, lets it write all that it uses, and saves it in each way. */
  void prepare(boolean mappedRam) throws IOException {
    new MemoryGuest(
            List.of(new MemoryGuest.Region(FIRST_ADDRESS, (long) usedMebibytes * PAGES_A_MEBIBYTE)),
            0)
        .writeTo(directory.resolve("boot.img"));
    Path serial = directory.resolve("source.serial");
    Path spare = directory.resolve("spare");
    List<String> words = command(serial);
    words.addAll(List.of("-qmp", "unix:" + spare + ",server=on,wait=off"));
    try (BenchQemu source = BenchQemu.start(words, socket())) {
      BenchQemu.awaitRounds(serial, ROUNDS_OVER_ALL);
      source.migrate("exec:cat > " + stream());
      if (mappedRam) {
        source.migrate("file:" + mappedRamFile(), "mapped-ram");
        source.set();
      }
      GuestSave.run(
          new SaveRequest(
              new Endpoint.Unix(spare),
              fixedramSave(),
              SaveFormat.MAPPED_RAM,
              true,
              AfterSave.PAUSE,
              WriteOptions.defaults(),
              0),
          TransferListener.NONE,
          new Cancellation());
    }
  }
}
