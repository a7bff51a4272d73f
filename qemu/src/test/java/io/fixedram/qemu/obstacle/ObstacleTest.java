// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.store.MapObstacle;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One of each kind of obstacle. */
class ObstacleTest {
  private static final Endpoint QMP = new Endpoint.Unix(Path.of("/run/vm.qmp"));
  private static final QemuVersion QEMU = new QemuVersion(3, 1, 4);
  private static final RamBlock BLOCK = new RamBlock(0, "pc.ram", 77 << 20);
  private static final Path SAVE = Path.of("/tmp/vm.fram");
  private static final Path FILE = Path.of("/dev/shm/ram");

  private static final List<Obstacle> ALL =
      List.of(
          new LazyObstacle.NoPostcopy(QEMU),
          new LazyObstacle.SequentialSave("vm.fram"),
          new LazyObstacle.SharedMemoryLeftOut("vm.fram"),
          new LazyObstacle.StateForgotten("vm.fram", "watchdog"),
          new LazyObstacle.LargeDeviceState("vm.fram", 12345),
          new LazyObstacle.HugePages("pc.ram", 2 << 20),
          new LazyObstacle.BlockNotInSave("vga.vram", 16 << 20, "vm.fram"),
          new LazyObstacle.BackendOnDisk("m", FILE, "ext4"),
          new LazyObstacle.PrivateFile("m", FILE),
          new LazyObstacle.SharingDevice("vfio-pci"),
          new LazyObstacle.SharingNetwork("vhost-user"),
          new LazyObstacle.PostcopyRefused("Operation not permitted"),
          new NativeObstacle.TooOld(QEMU),
          new NativeObstacle.OtherFormat("vm.fram", SaveFormat.FIXED_RAM),
          new NativeObstacle.SharedMemoryLeftOut("vm.fram"),
          new NativeObstacle.BackendWithContent("m", FILE),
          new NativeObstacle.LoaderDevice(),
          new NativeObstacle.ZeroPagesLeftOut("vm.fram", "pc.bios"),
          new InstantObstacle.QemuRunsAlready(),
          new InstantObstacle.NoFixedPlaces("vm.fram", Optional.of(SaveFormat.STREAM)),
          new InstantObstacle.SharedMemoryLeftOut(SAVE),
          new InstantObstacle.HugePages("pc.ram", 2 << 20),
          new InstantObstacle.NotMappable(
              new MapObstacle(MapObstacle.Reason.TOO_MANY_ZEROS, "vm.fram has no holes")),
          new InstantObstacle.NotHeld("cannot lock vm.fram", 11, List.of()),
          new InstantObstacle.QemuNotKnown(Path.of("/usr/bin/qemu")),
          new InstantObstacle.QemuTooOld(Path.of("/usr/bin/qemu")),
          new InstantObstacle.NotMapped(SAVE, "it has ended"),
          new CommandObstacle.NoQemuProgram(),
          new CommandObstacle.OptionInTheWay(CommandObstacle.Option.MEM_PATH),
          new CommandObstacle.LoaderDevice(),
          new CommandObstacle.UnsuitedDevice("virtio-mem-pci"),
          new CommandObstacle.SharingNetwork(),
          new CommandObstacle.UnreadableValue("{a", "no end"),
          new CommandObstacle.UnreadableSize("much"),
          new CommandObstacle.OtherSize(SAVE, 77 << 20, 78 << 20),
          new CommandObstacle.AmbiguousMemory(SAVE, List.of(BLOCK)),
          new BackendObstacle.NotDefined("m"),
          new BackendObstacle.OtherType("m", "memory-backend-epc"),
          new BackendObstacle.Shared("m"),
          new BackendObstacle.HugePages("m"),
          new BackendObstacle.Preallocated("m"),
          new BackendObstacle.ReadOnly("m"),
          new BackendObstacle.UnknownProperty("m", "x-new"),
          new BackendObstacle.NotInSave("m", SAVE, List.of(BLOCK)),
          new BackendObstacle.OtherSize("m", SAVE, BLOCK, "78M"),
          new MemoryObstacle.NotLocal(QMP),
          new MemoryObstacle.OtherPidNamespace(QMP),
          new MemoryObstacle.OtherProcess(4711, QMP, false, "is gone"),
          new MemoryObstacle.OtherProcess(4711, QMP, true, "is gone"),
          new MemoryObstacle.OtherReason("no", List.of()),
          new MemoryObstacle.SequentialSave("f"),
          new MemoryObstacle.OtherUser(4711, "64055", "1000"),
          new MemoryObstacle.NotDumpable(4711),
          new MemoryObstacle.PtraceScope(4711, 2),
          new MemoryObstacle.NotPermitted(4711),
          new MemoryObstacle.NotVisible(4711, "/proc/4711: no such file"),
          new MemoryObstacle.NoCpu(QMP),
          new MemoryObstacle.BlocksNotListed(QMP),
          new MemoryObstacle.BlockNotLocated("pc.ram", "it was found twice"),
          new MemoryObstacle.NoBlockSeen(),
          new MemoryObstacle.BlockNotMapped("pc.ram", "it is no memory"),
          new MemoryObstacle.ReadOnlyBlock("pc.ram", "r--p"),
          new MemoryObstacle.NotResident("pc.ram"),
          new MemoryObstacle.OtherTarget("s390x"),
          new MemoryObstacle.SharedMemoryLeftOut("vm.fram"),
          new MemoryObstacle.LongDowntime(Duration.ofMillis(2500), Duration.ofSeconds(1)),
          new MemoryObstacle.NoDescription());

  /** Facts that the sentence has in another form, or that only a program needs. */
  private static final Set<String> WORDED =
      Set.of(
          "InstantObstacle.HugePages.pageBytes",
          "InstantObstacle.NotMappable.why",
          "InstantObstacle.NotHeld.errno",
          "InstantObstacle.NotHeld.remedies",
          "CommandObstacle.OptionInTheWay.option",
          "MemoryObstacle.LongDowntime.limit",
          "MemoryObstacle.LongDowntime.predicted",
          "MemoryObstacle.OtherProcess.named",
          "MemoryObstacle.OtherReason.remedies");

  @Test
  void allKindsAreHere() {
    assertThat(ALL.stream().map(Object::getClass).collect(Collectors.toSet()))
        .isEqualTo(kinds(Obstacle.class).collect(Collectors.toSet()));
  }

  private static Stream<Class<?>> kinds(Class<?> type) {
    return type.isRecord()
        ? Stream.of(type)
        : Arrays.stream(type.getPermittedSubclasses()).flatMap(ObstacleTest::kinds);
  }

  /** What a program is told, people are told too. */
  @Test
  void sentencesTellTheFacts() throws ReflectiveOperationException {
    for (Obstacle each : ALL) {
      assertThat(each.sentence()).isNotBlank().doesNotEndWith(".").doesNotContain("  ");
      for (RecordComponent fact : each.getClass().getRecordComponents()) {
        String name =
            each.getClass().getDeclaringClass().getSimpleName()
                + "."
                + each.getClass().getSimpleName()
                + "."
                + fact.getName();
        if (!WORDED.contains(name)) {
          assertThat(each.sentence()).as(name).contains(text(fact.getAccessor().invoke(each)));
        }
      }
    }
  }

  private static String text(Object fact) {
    return switch (fact) {
      case Long bytes when bytes % (1 << 20) == 0 -> (bytes >> 20) + " MiB";
      case SaveFormat format -> format.text();
      case Optional<?> some -> text(some.orElseThrow());
      case List<?> list -> text(list.getFirst());
      default -> fact.toString();
    };
  }

  @Test
  void exceptionsTellTheirObstacle() {
    Obstacle obstacle = new LazyObstacle.SequentialSave("vm.fram");
    ObstacleException plain = new ObstacleException(obstacle);
    assertThat(plain.reason()).isEqualTo(obstacle.reason());
    ObstacleException prefixed = new ObstacleException("not possible: ", obstacle);
    assertThat(prefixed.reason()).isEqualTo(obstacle.reason().after("not possible: "));
    ObstacleException other =
        new ObstacleException("it failed", obstacle, plain, Remedy.LEAVE_PAUSED);
    assertThat(other.reason())
        .isEqualTo(
            Reason.of(
                "it failed",
                Remedy.LEAVE_PAUSED,
                Remedy.CONVERT_TO_MAPPED_RAM,
                Remedy.RESTORE_BY_STREAM));
    assertThat(List.of(plain, prefixed, other))
        .extracting(ObstacleException::obstacle)
        .containsOnly(obstacle);
  }
}
