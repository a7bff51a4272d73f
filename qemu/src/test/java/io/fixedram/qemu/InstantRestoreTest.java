// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Guests that run on a private mapping of their save. */
class InstantRestoreTest extends QemuTest {
  private static final MemoryGuest IN_TWO_PLACES =
      new MemoryGuest(List.of(new Region(16 << 20, 2048), new Region(40 << 20, 2048)), 0);

  /** What a QEMU does that may not open the save. */
  private static final String REFUSES_MAPPINGS =
      "case \"$*\" in *mem-path=*) echo cannot map it >&2; exit 1;; esac";

  /** Whether a page becomes zero between two passes is a matter of time. */
  private static final int MAX_OTHER_SAVES = 10;

  private static final UUID FIRST_ID = UUID.fromString("c0ffee00-1234-5678-9abc-def012345678");

  @AfterEach
  void endWhatIsLeft() {
    ProcessHandle.current()
        .descendants()
        .filter(ProcessHandle::isAlive)
        .forEach(ProcessHandle::destroyForcibly);
  }

  private String saveGuest(TestedQemu version, GuestSpec spec, SaveFormat format) throws Exception {
    return haveSaved(version, spec, format);
  }

  private String saveGuest(GuestSpec spec) throws Exception {
    return saveGuest(TestedQemu.QEMU_10, spec, SaveFormat.MAPPED_RAM);
  }

  private Endpoint qmp(String name) {
    return new Endpoint.Unix(directory.resolve(name + ".own"));
  }

  private List<String> command(TestedQemu version, GuestSpec spec, String name) {
    return spec.with("-qmp", qmp(name) + ",server=on,wait=off")
        .command(version.binary(), directory, name);
  }

  private List<String> command(GuestSpec spec) {
    return command(TestedQemu.QEMU_10, spec, "restored");
  }

  private GuestRestore request(List<String> command, RestoreMode mode) {
    return GuestRestore.of(file(), command).mode(mode).inPlaceWithin(Duration.ZERO);
  }

  private RestoredGuest instant(GuestSpec spec) {
    return restore(request(command(spec), RestoreMode.INSTANT));
  }

  private void quit(RestoredGuest guest, String name) {
    try (QmpClient client = QmpClient.connect(qmp(name))) {
      client.execute("quit");
    }
    assertThat(guest.waitForExit()).isZero();
    guest.close();
  }

  private static String hash(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private void assertRunsInstantly(String saved, GuestSpec spec) throws Exception {
    String before = hash(file());
    RestoredGuest guest = instant(spec);
    assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.INSTANT);
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
    assertThat(hash(file())).as("the save").isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(names = {"FIXED_RAM", "MAPPED_RAM"})
  void memoryGivenBySizeOnly(SaveFormat format) throws Exception {
    String saved = saveGuest(TestedQemu.QEMU_10, GuestSpec.small(), format);
    assertRunsInstantly(saved, GuestSpec.small());
  }

  @Test
  void savedByAnOlderQemu() throws Exception {
    String saved = saveGuest(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.FIXED_RAM);
    assertRunsInstantly(saved, GuestSpec.small());
  }

  @Test
  void loadsNoMoreThanDevices() throws Exception {
    saveGuest(GuestSpec.small());
    RestoredGuest guest = instant(GuestSpec.small());
    assertThat(guest.awaitResident().why()).isEqualTo("asked for");
    assertThat(guest.awaitResident().ramBytes()).isBetween(64L << 20, 72L << 20);
    assertThat(guest.awaitResident().pageBytes()).isBetween(8L << 20, 24L << 20);
    assertThat(recorder.transferredBytes()).isLessThan(1 << 20);
    quit(guest, "restored");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "memory-backend-ram,id=ram0,size=64M",
        "memory-backend-memfd,id=ram0,size=64M,reserve=off",
        "{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram0\",\"size\":67108864}"
      })
  void memoryBackend(String object) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-object", object, "-machine", "memory-backend=ram0");
    assertRunsInstantly(saveGuest(spec), spec);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pc-i440fx-7.2", "pc-q35-4.0"})
  void numaNodes(String machine) throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .running(IN_TWO_PLACES)
            .on(machine)
            .with("-object", "memory-backend-ram,id=n0,size=32M")
            .with("-object", "memory-backend-memfd,id=n1,size=32M")
            .with("-numa", "node,memdev=n0", "-numa", "node,memdev=n1");
    assertRunsInstantly(saveGuest(spec), spec);
  }

  @Test
  void dimm() throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .running(
                new MemoryGuest(List.of(new Region(16 << 20, 2048), new Region(4L << 30, 2048)), 0))
            .with("-m", "64M,slots=2,maxmem=1G")
            .with("-object", "memory-backend-ram,id=m1,size=128M")
            .with("-device", "pc-dimm,id=d1,memdev=m1,addr=" + (4L << 30));
    assertRunsInstantly(saveGuest(spec), spec);
  }

  /** What lies there in the file is no matter of QEMU's: see MappableRegionTest. */
  @Test
  void memoryAboveFourGibibytes() throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .on("pc-i440fx-7.2,max-ram-below-4g=64M")
            .withRam(192)
            .running(
                new MemoryGuest(
                    List.of(new Region(16 << 20, 2048), new Region((4L << 30) + (64 << 20), 2048)),
                    0));
    assertRunsInstantly(saveGuest(spec), spec);
  }

  @Test
  void displayAndNetwork() throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "VGA", "-device", "virtio-net-pci,romfile=");
    assertRunsInstantly(saveGuest(spec), spec);
  }

  @Test
  void staysPaused() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    GuestRestore target = GuestRestore.of(file(), command(GuestSpec.small()));
    RestoredGuest guest = restore(target.mode(RestoreMode.INSTANT).paused());
    try (QmpClient client = QmpClient.connect(qmp("restored"))) {
      assertThat(client.execute("query-status").get("status").text()).isEqualTo("paused");
      assertThat(RunningQemu.serial(directory, "restored")).isEmpty();
      client.execute("cont");
    }
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @Test
  void tenTimesInARow() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    String before = hash(file());
    for (int i = 0; i < 10; i++) {
      String name = "run" + i;
      RestoredGuest guest =
          restore(
              request(command(TestedQemu.QEMU_10, GuestSpec.small(), name), RestoreMode.INSTANT));
      if (i % 3 == 0) {
        RunningQemu.assertGoesOn(saved, directory, name);
      }
      quit(guest, name);
    }
    assertThat(hash(file())).isEqualTo(before);
  }

  @Test
  void clonesAtOnce() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    String before = hash(file());
    List<Thread> threads = new ArrayList<>();
    List<Optional<RestoredGuest>> guests = new ArrayList<>();
    int clones = 4;
    for (int i = 0; i < clones; i++) {
      guests.add(Optional.empty());
    }
    for (int i = 0; i < clones; i++) {
      int index = i;
      List<String> words = command(TestedQemu.QEMU_10, GuestSpec.small(), "clone" + i);
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                RestoredGuest guest = request(words, RestoreMode.INSTANT).run();
                synchronized (guests) {
                  guests.set(index, Optional.of(guest));
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (int i = 0; i < clones; i++) {
      RunningQemu.assertGoesOn(saved, directory, "clone" + i);
    }
    for (int i = 0; i < clones; i++) {
      quit(guests.get(i).orElseThrow(), "clone" + i);
    }
    assertThat(hash(file())).isEqualTo(before);
  }

  @Test
  void savedAgainAndRestoredAgain() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    RestoredGuest first = instant(GuestSpec.small());
    RunningQemu.assertGoesOn(saved, directory, "restored");
    GuestSave again =
        GuestSave.of(qmp("restored"), file())
            .mode(SaveMode.STREAM)
            .stopFirst()
            .then(AfterSave.RESUME)
            .maxPasses(MAX_PASSES);
    assertThatThrownBy(() -> save(again))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("guests run on it; save under another name");
    Path second = directory.resolve("second.save");
    save(request(qmp("restored"), second).stopFirst().then(AfterSave.QUIT));
    assertThat(first.waitForExit()).isZero();
    first.close();
    String all = saved + RunningQemu.serial(directory, "restored");
    Files.move(second, file(), StandardCopyOption.REPLACE_EXISTING);
    RestoredGuest third =
        restore(
            request(command(TestedQemu.QEMU_10, GuestSpec.small(), "third"), RestoreMode.INSTANT));
    RunningQemu.assertGoesOn(all, directory, "third");
    quit(third, "third");
  }

  @Test
  void holdLastsAsLongAsAQemuThatWasLetGoOf() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    GuestRestore target = GuestRestore.of(file(), command(GuestSpec.small()));
    restore(target.mode(RestoreMode.INSTANT)).close();
    RunningQemu.assertGoesOn(saved, directory, "restored");
    assertThat(canBeLocked()).as("locked while the guest runs").isFalse();
    try (QmpClient client = QmpClient.connect(qmp("restored"))) {
      client.execute("quit");
    }
    RunningQemu.await("the end of the hold", this::canBeLocked);
  }

  private boolean canBeLocked() {
    try (Descriptor descriptor = Descriptor.open(file(), Descriptor.Mode.READ)) {
      return descriptor.locks().tryLock(false);
    }
  }

  @Test
  void warnsOfASaveThatLosesItsName() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    RestoredGuest guest = instant(GuestSpec.small());
    Files.delete(file());
    Thread waiting = Thread.ofPlatform().start(guest::waitForExit);
    RunningQemu.await("the warning", () -> !recorder.warnings().isEmpty());
    assertThat(recorder.warnings().getFirst()).contains("was renamed, replaced or deleted");
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
    waiting.join();
    assertThat(recorder.warnings()).hasSize(1);
  }

  @Test
  void warnsOfASaveThatIsChanged() throws Exception {
    saveGuest(GuestSpec.small());
    RestoredGuest guest = instant(GuestSpec.small());
    Thread waiting = Thread.ofPlatform().start(guest::waitForExit);
    try (RandomAccessFile save = new RandomAccessFile(file().toFile(), "rw")) {
      save.write(save.read());
      save.setLength(save.length() + 1);
    }
    RunningQemu.await("the warning", () -> !recorder.warnings().isEmpty());
    assertThat(recorder.warnings().getFirst()).contains("was changed since it was opened");
    quit(guest, "restored");
    waiting.join();
  }

  /** One that was killed takes a moment to be gone. */
  private static void awaitNoQemu() {
    RunningQemu.await(
        "the end of all that was started",
        () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
  }

  private void assertRefused(List<String> command, String why) {
    assertThatThrownBy(() -> restore(request(command, RestoreMode.INSTANT)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("restore mode instant is not possible: ")
        .hasMessageContaining(why);
    awaitNoQemu();
    assertThat(canBeLocked()).isTrue();
  }

  @Test
  void olderQemu() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    assertRefused(
        command(TestedQemu.QEMU_7, GuestSpec.small(), "restored"), "which requires QEMU 8.2");
  }

  @Test
  void anotherRamSize() throws Exception {
    saveGuest(GuestSpec.small());
    assertRefused(command(GuestSpec.small().withRam(128)), "give -m 64M");
  }

  @Test
  void aProgramThatIsNotKnown() throws Exception {
    saveGuest(GuestSpec.small());
    Path script = directory.resolve("run-it");
    Files.writeString(script, "#!/bin/sh\nexec " + TestedQemu.QEMU_10.binary() + " \"$@\"\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    List<String> words = new ArrayList<>(command(GuestSpec.small()));
    words.set(0, script.toString());
    assertRefused(words, "no program with a name of QEMU's");
    RestoredGuest guest = restore(request(words, RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isNotEqualTo(RestoreMode.INSTANT);
    assertThat(guest.awaitResident().why()).contains("no program with a name of QEMU's");
    quit(guest, "restored");
  }

  @Test
  void programThatTellsNothing() throws Exception {
    saveGuest(GuestSpec.small());
    Path script = directory.resolve("qemu-system-none");
    Files.writeString(script, "#!/bin/sh\nexit 3\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    assertRefused(List.of(script.toString(), "-m", "64M"), "does not tell");
  }

  @Test
  void throughOtherPrograms() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    List<String> words = new ArrayList<>(List.of("env", "-u", "NOTHING", "nice"));
    words.addAll(command(GuestSpec.small()));
    RestoredGuest guest = restore(request(words, RestoreMode.INSTANT));
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @Test
  void stream() throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.STREAM);
    assertRefused(command(GuestSpec.small()), "is a stream file");
  }

  @Test
  void qemuThatDoesNotStart() throws Exception {
    saveGuest(GuestSpec.small());
    List<String> words = command(GuestSpec.small().with("-device", "none"));
    assertThatThrownBy(() -> restore(request(words, RestoreMode.AUTO)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU ended with status 1");
    assertThat(recorder.warnings())
        .singleElement()
        .asString()
        .contains("did not start with mappings of " + file())
        .contains("starting the command as it is");
    assertThatThrownBy(() -> restore(request(words, RestoreMode.INSTANT)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU ended with status 1")
        .satisfies(Remedied.by(Remedy.USE_STREAM));
    assertThat(recorder.warnings()).hasSize(1);
    assertThat(canBeLocked()).isTrue();
  }

  /** A program of QEMU's name that runs QEMU after a line of shell. */
  private List<String> commandThrough(String line, GuestSpec spec) throws Exception {
    Path script = directory.resolve("qemu-system-x86_64");
    Files.writeString(
        script, "#!/bin/bash\n" + line + "\nexec " + TestedQemu.QEMU_10.binary() + " \"$@\"\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    List<String> words = new ArrayList<>(command(spec));
    words.set(0, script.toString());
    return words;
  }

  @Test
  void autoStartsTheCommandAsItIsIfMappingsDoNotStart() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    List<String> words = commandThrough(REFUSES_MAPPINGS, GuestSpec.small());
    RestoredGuest guest = restore(request(words, RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.LAZY);
    assertThat(guest.awaitResident().why())
        .contains("not instant: QEMU did not start with mappings");
    assertThat(recorder.warnings())
        .singleElement()
        .asString()
        .contains("QEMU ended with status 1")
        .contains("starting the command as it is");
    RunningQemu.assertGoesOn(saved, directory, "restored");
    assertThat(canBeLocked()).as("held by a guest that does not run on it").isTrue();
    quit(guest, "restored");
  }

  /** One of root's without root's right to open what is others'. */
  @Test
  void autoStartsTheCommandAsItIsIfQemuMayNotOpenTheSave() throws Exception {
    assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "not root");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "no setpriv");
    String saved = saveGuest(GuestSpec.small());
    Files.setAttribute(file(), "unix:uid", 65534);
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    List<String> words =
        new ArrayList<>(
            List.of("/usr/bin/setpriv", "--bounding-set", "-dac_override,-dac_read_search"));
    words.addAll(command(GuestSpec.small()));
    RestoredGuest guest = restore(request(words, RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.LAZY);
    assertThat(guest.awaitResident().why())
        .contains("not instant: QEMU did not start with mappings");
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @Test
  void autoStartsTheCommandAsItIsIfSomethingElseIsMapped() throws Exception {
    String saved = saveGuest(GuestSpec.small());
    List<String> words =
        commandThrough("set -- \"${@/readonly=on,rom=off/readonly=off}\"", GuestSpec.small());
    RestoredGuest guest = restore(request(words, RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.LAZY);
    assertThat(guest.awaitResident().why()).contains("could write to " + file());
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
    awaitNoQemu();
  }

  @Test
  void cancelledWhileItStarts() throws Exception {
    saveGuest(GuestSpec.small());
    List<String> words =
        commandThrough("case \"$*\" in *mem-path=*) exec sleep 60;; esac", GuestSpec.small());
    Cancellation cancellation = new Cancellation();
    Thread user =
        Thread.ofPlatform()
            .start(() -> {
              RunningQemu.await(
                  "the start",
                  () ->
                      ProcessHandle.current()
                          .children()
                          .flatMap(child -> child.info().command().stream())
                          .anyMatch(command -> command.endsWith("/sleep")));
              cancellation.cancel();
            });
    assertThatThrownBy(() ->
            request(words, RestoreMode.AUTO).listener(recorder).cancellation(cancellation).run())
        .isInstanceOf(CancelledException.class);
    user.join();
    assertThat(recorder.warnings()).isEmpty();
  }

  /** QEMU takes single quotes, which JSON does not have. */
  @Test
  void optionsThatCannotBeRead() throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .with("-object", "{'qom-type':'memory-backend-ram','id':'ram0','size':67108864}")
            .with("-machine", "memory-backend=ram0", "-device", "{'driver':'virtio-rng-pci'}");
    String saved = saveGuest(spec);
    assertRefused(command(spec), "can't be read");
    RestoredGuest guest = restore(request(command(spec), RestoreMode.AUTO));
    assertThat(guest.awaitResident().why()).contains("not instant").contains("can't be read");
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @Test
  void tellsOfMemoryThatIsNoLongerShared() throws Exception {
    GuestSpec spec =
        GuestSpec.small()
            .with("-object", "memory-backend-memfd,id=ram0,size=64M")
            .with("-machine", "memory-backend=ram0");
    saveGuest(spec);
    RestoredGuest guest = instant(spec);
    assertThat(recorder.notes()).anyMatch(note -> note.contains("is mapped privately"));
    quit(guest, "restored");
  }

  @Test
  void waitingQemu() throws Exception {
    saveGuest(GuestSpec.small());
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.INSTANT))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isEqualTo(new InstantObstacle.QemuRunsAlready()))
          .hasMessageContaining("restore mode instant is not possible: a save is mapped")
          .satisfies(Remedied.by(Remedy.HAVE_QEMU_STARTED));
    }
  }

  @Test
  void truncatedFile() throws Exception {
    saveGuest(GuestSpec.small());
    try (RandomAccessFile save = new RandomAccessFile(file().toFile(), "rw")) {
      save.setLength(save.length() / 2);
    }
    assertThatThrownBy(() -> restore(request(command(GuestSpec.small()), RestoreMode.INSTANT)))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("is incomplete");
  }

  /** Written by QEMU itself while pages become zero: their bits are clear, their content stays. */
  @Test
  void oldContentLeftByQemu() throws Exception {
    String saved = saveInPasses();
    for (int others = 0; !holdsOldContent() && others < MAX_OTHER_SAVES; others++) {
      saved = saveInPasses();
    }
    assertThat(holdsOldContent()).as("a page that became zero after it was saved").isTrue();
    assertRefused(command(GuestSpec.small()), "has old content in RAM block pc.ram");
    RestoredGuest guest = restore(request(command(GuestSpec.small()), RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isNotEqualTo(RestoreMode.INSTANT);
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  /** QEMU's own file of a guest whose pages come and go while it is saved. */
  private String saveInPasses() throws Exception {
    Files.deleteIfExists(file());
    try (RunningQemu qemu = boot(TestedQemu.QEMU_10, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.switchOn("mapped-ram");
      qemu.setParameter("max-bandwidth", 24 << 20);
      qemu.setParameter("downtime-limit", 20);
      qemu.observer().execute("migrate", Map.of("uri", "file:" + file()));
      QemuMigration migration = new QemuMigration(qemu.observer());
      RunningQemu.await("four passes", () -> passes(qemu) >= 4);
      qemu.awaitGeneration(SerialReport.of(qemu.serial()).lastGeneration().orElseThrow() + 4);
      long passes = passes(qemu);
      RunningQemu.await("two passes more", () -> passes(qemu) >= passes + 2);
      qemu.setParameter("max-bandwidth", 0);
      qemu.setParameter("downtime-limit", 10_000);
      RunningQemu.await("the migration's end", () -> !migration.state().isUnderWay());
      return qemu.serial();
    }
  }

  /** Whether the file has content where its bitmap has none. */
  private boolean holdsOldContent() throws IOException {
    ByteBuffer page = ByteBuffer.allocate(4096);
    ByteBuffer zeros = ByteBuffer.allocate(page.capacity());
    try (PageStore save = Saves.open(file());
        FileChannel channel = FileChannel.open(file())) {
      for (BlockPlace place : save.places()) {
        if (!place.block().name().equals("pc.ram")) {
          continue;
        }
        PageBitmap bitmap = save.pages(place.block()).stored();
        for (long at = bitmap.nextClear(0); at < bitmap.pages(); at = bitmap.nextClear(at + 1)) {
          channel.read(page.clear(), place.pagesOffset() + at * page.capacity());
          if (!page.flip().equals(zeros)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static long passes(RunningQemu qemu) {
    return qemu.observer()
        .execute("query-migrate")
        .find("ram")
        .map(ram -> ram.get("dirty-sync-count").number())
        .orElse(0L);
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  MAPPED_RAM, requires QEMU 8.2",
    "QEMU_7,  FIXED_RAM,  requires QEMU 8.2",
    "QEMU_7,  STREAM,     is a stream file",
    "QEMU_10, STREAM,     is a stream file",
  })
  void autoTakesAnotherWay(TestedQemu version, SaveFormat format, String why) throws Exception {
    String saved = saveGuest(version, GuestSpec.small(), format);
    RestoredGuest guest =
        restore(request(command(version, GuestSpec.small(), "restored"), RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isNotIn(RestoreMode.INSTANT, RestoreMode.AUTO);
    assertThat(guest.awaitResident().why()).contains("not instant").contains(why);
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @ParameterizedTest
  @EnumSource(names = {"FIXED_RAM", "MAPPED_RAM"})
  void autoTakesIt(SaveFormat format) throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small(), format);
    RestoredGuest guest = restore(request(command(GuestSpec.small()), RestoreMode.AUTO));
    assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.INSTANT);
    assertThat(guest.awaitResident().why()).contains("mapping");
    quit(guest, "restored");
  }

  private GuestRestore request(List<String> command, UUID id, RestoreMode mode) {
    GuestRestore target = GuestRestore.of(file(), command).generationId(id);
    return target.mode(mode);
  }

  /** Looks at what QEMU says, and where the firmware keeps the id for the guest. */
  private void assertGenerationId(UUID id, UUID before) throws Exception {
    Path memory = directory.resolve("memory");
    try (QmpClient client = QmpClient.connect(qmp("restored"))) {
      Json answer = client.execute("query-vm-generation-id");
      assertThat(answer.get("guid").text()).isEqualTo(id.toString());
      client.execute("stop");
      client.execute("pmemsave", Map.of("val", 0, "size", 64 << 20, "filename", memory.toString()));
      client.execute("cont");
    }
    String bytes = Files.readString(memory, StandardCharsets.ISO_8859_1);
    assertThat(bytes.contains(inMemory(id))).as("new id in guest memory").isTrue();
    assertThat(bytes.contains(inMemory(before))).as("old id in guest memory").isFalse();
  }

  /** As ACPI has it: the first three parts little-endian. */
  private static String inMemory(UUID id) {
    byte[] bytes =
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) (id.getMostSignificantBits() >>> 32))
            .putShort((short) (id.getMostSignificantBits() >>> 16))
            .putShort((short) id.getMostSignificantBits())
            .order(ByteOrder.BIG_ENDIAN)
            .putLong(id.getLeastSignificantBits())
            .array();
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE", "QEMU_10, INSTANT"})
  void anotherGenerationId(TestedQemu version, RestoreMode mode) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "vmgenid,guid=" + FIRST_ID);
    String saved = saveGuest(version, spec, SaveFormat.MAPPED_RAM);
    UUID id = UUID.fromString("12345678-9abc-def0-1122-334455667788");
    RestoredGuest guest = restore(request(command(version, spec, "restored"), id, mode));
    assertGenerationId(id, FIRST_ID);
    RunningQemu.assertGoesOn(saved, directory, "restored");
    quit(guest, "restored");
  }

  @Test
  void generationIdOfADeviceThatTheCommandLacks() throws Exception {
    saveGuest(GuestSpec.small().with("-device", "vmgenid,guid=" + FIRST_ID));
    UUID id = UUID.randomUUID();
    RestoredGuest guest = restore(request(command(GuestSpec.small()), id, RestoreMode.INSTANT));
    assertGenerationId(id, FIRST_ID);
    quit(guest, "restored");
  }

  @ParameterizedTest
  @EnumSource
  void generationIdOfAGuestOfWhichNothingIsKnown(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "vmgenid,guid=" + FIRST_ID);
    saveGuest(version, spec, SaveFormat.STREAM);
    UUID id = UUID.randomUUID();
    RestoredGuest guest =
        restore(request(command(version, spec, "restored"), id, RestoreMode.STREAM));
    assertThat(recorder.warnings())
        .singleElement()
        .asString()
        .contains("does not tell whether its guest has the device vmgenid");
    assertGenerationId(id, FIRST_ID);
    quit(guest, "restored");
  }

  @Test
  void generationIdOfAGuestWithout() throws Exception {
    saveGuest(GuestSpec.small());
    GuestRestore request =
        request(command(GuestSpec.small()), UUID.randomUUID(), RestoreMode.STREAM);
    assertThatThrownBy(() -> restore(request))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("has no vmgenid device");
  }
}
