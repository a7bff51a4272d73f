// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
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
import java.util.UUID;
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
  private final StorageException failure =
      new StorageException("it cannot be locked", 11, Remedy.LEAVE_PAUSED);

  private final List<Obstacle> all =
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
          new NativeObstacle.NotLocalFile("vm.fram"),
          new NativeObstacle.OtherFormat("vm.fram", SaveFormat.FIXED_RAM),
          new NativeObstacle.SharedMemoryLeftOut("vm.fram"),
          new NativeObstacle.BackendWithContent("m", FILE),
          new NativeObstacle.LoaderDevice(),
          new NativeObstacle.SignatureNotKept("vm.fram", "others may write"),
          new NativeObstacle.ZeroPagesLeftOut("vm.fram", "pc.bios"),
          new InstantObstacle.QemuRunsAlready(),
          new InstantObstacle.NotLocalFile("vm.fram"),
          new InstantObstacle.NoFixedPlaces("vm.fram", SaveFormat.STREAM),
          new InstantObstacle.SharedMemoryLeftOut(SAVE),
          new InstantObstacle.SavedOnHugePages("pc.ram", 2 << 20),
          new InstantObstacle.NotMappable(new MapObstacle.TooManyZeros("vm.fram", 256 << 20)),
          new InstantObstacle.NotMappable(new MapObstacle.Refused(failure)),
          new InstantObstacle.NotHeld(failure),
          new InstantObstacle.SignatureNotKept("vm.fram", "others may write"),
          new InstantObstacle.QemuNotKnown(Path.of("/usr/bin/qemu")),
          new InstantObstacle.QemuTooOld(Path.of("/usr/bin/qemu")),
          new InstantObstacle.NotMapped(SAVE, failure),
          new CommandObstacle.NoQemuProgram(),
          new CommandObstacle.OptionInTheWay(CommandObstacle.Option.MEM_PATH),
          new CommandObstacle.LoaderDevice(),
          new CommandObstacle.UnsuitedDevice("virtio-mem-pci"),
          new CommandObstacle.SharingNetwork(),
          new CommandObstacle.UnreadableValue("{a", failure),
          new CommandObstacle.UnreadableSize("much"),
          new CommandObstacle.OtherSize(SAVE, 77 << 20, 78 << 20),
          new CommandObstacle.AmbiguousMemory(SAVE, List.of(BLOCK)),
          new BackendObstacle.NotDefined("m"),
          new BackendObstacle.OtherType("m", "memory-backend-epc"),
          new BackendObstacle.Shared("m"),
          new BackendObstacle.OnHugePages("m"),
          new BackendObstacle.Preallocated("m"),
          new BackendObstacle.ReadOnly("m"),
          new BackendObstacle.UnknownProperty("m", "x-new"),
          new BackendObstacle.NotInSave("m", SAVE, List.of(BLOCK)),
          new BackendObstacle.OtherSize("m", SAVE, BLOCK, "78M"),
          new ProcessObstacle.NotLocal(QMP),
          new ProcessObstacle.OtherPidNamespace(QMP),
          new ProcessObstacle.OtherProcess(4711, QMP, false, new ProcessObstacle.Difference.Gone()),
          new ProcessObstacle.OtherProcess(
              4711, QMP, true, new ProcessObstacle.Difference.NoThread(4712)),
          new ProcessObstacle.OtherProcess(
              1, QMP, true, new ProcessObstacle.Difference.FileNotPassedOn("no")),
          new ProcessObstacle.OtherProcess(
              1, QMP, true, new ProcessObstacle.Difference.FileNotOpen()),
          new MemoryObstacle.OtherFailure(failure),
          new MemoryObstacle.SequentialSave("f"),
          new ProcessObstacle.OtherUser(4711, "64055", "1000"),
          new ProcessObstacle.NotDumpable(4711),
          new ProcessObstacle.PtraceScope(4711, 2),
          new ProcessObstacle.NotPermitted(4711),
          new ProcessObstacle.NotVisible(4711, "/proc/4711: no such file"),
          new MemoryObstacle.NoCpu(QMP),
          new MemoryObstacle.BlocksNotListed(QMP),
          new MemoryObstacle.BlockRecords("pc.ram", 2),
          new MemoryObstacle.BlockSeenElsewhere("pc.ram", 0x7000),
          new MemoryObstacle.BlocksOverlap("pc.ram", "vga.vram"),
          new MemoryObstacle.NoBlockSeen(),
          new MemoryObstacle.BlockNotMapped("pc.ram"),
          new MemoryObstacle.BlockNotReadable("pc.ram", "---p"),
          new MemoryObstacle.BlockNotInSave("pc.ram"),
          new MemoryObstacle.ReadOnlyBlock("pc.ram", "r--p"),
          new MemoryObstacle.NotResident("pc.ram"),
          new MemoryObstacle.OtherTarget("s390x"),
          new MemoryObstacle.SharedMemoryLeftOut("vm.fram"),
          new MemoryObstacle.LongDowntime(Duration.ofMillis(2500), Duration.ofSeconds(1)),
          new MemoryObstacle.SlowDisk(Duration.ofSeconds(10)),
          new MemoryObstacle.GuestChanged(true),
          new MemoryObstacle.NoDescription(),
          new DeviceStateObstacle.Running(),
          new DeviceStateObstacle.QemuTooOld(QEMU),
          new DeviceStateObstacle.LiveCapability("x-colo"),
          new DeviceStateObstacle.JobUnderWay("snap", "snapshot-save"),
          new DeviceStateObstacle.LiveDevice("gpu", "vfio-pci"),
          new DeviceStateObstacle.StateChanged("paused", "shutdown"),
          new DeviceStateObstacle.TooLarge(12345, 64 << 20),
          new DeviceStateObstacle.NeededBeforeMemory("iommu-early"),
          new DeviceStateObstacle.StateNotRecorded("shutdown"),
          new DeviceStateObstacle.NotReadable(new FixedRamException("its sections are alike")),
          new SaveObstacle.NotRestored(),
          new SaveObstacle.SavedBefore(),
          new SaveObstacle.Suspended(),
          new SaveObstacle.InTransition("save-vm"),
          new SaveObstacle.NoMachine("no such command"),
          new SaveObstacle.MigrationUnderWay("active"),
          new SaveObstacle.Blocked(List.of("SEV", "VirtFS")),
          new SaveObstacle.BlockJob("disk0", "mirror"),
          new SaveObstacle.StateBeforeMemory("more", "virtio-mem-pci"),
          new LoadObstacle.NotWaiting(QMP, "running"),
          new LoadObstacle.LoadBegun(QMP, "active"),
          new LoadObstacle.WasReset(QMP),
          new LoadObstacle.ChangedMeanwhile(new LoadObstacle.LoadBegun(QMP, "active")),
          new LoadObstacle.StateNotLoadable("vm.fram", "colo"),
          new LoadObstacle.OtherMachine("vm.fram", "pc-q35-7.2", "pc-i440fx-10.0"),
          new LoadObstacle.OtherMemorySize("vm.fram", 77 << 20, 78 << 20),
          new LoadObstacle.BlockMissing("vm.fram", "pc.ram", 77 << 20),
          new LoadObstacle.OtherLength("vm.fram", "pc.ram", 77 << 20, 78 << 20),
          new LoadObstacle.DeviceMissing("vm.fram", "virtio-net", "00:04.0"),
          new LoadObstacle.DiskLocked(new FixedRamException("the load failed")),
          new LoadObstacle.OtherGuest("vm.fram", List.of(new GuestDifference.OtherCpuCount(9, 8))),
          new LoadObstacle.DiskChanged("vm.fram", "virtio0", "/images/a.raw", false, "it shrank"),
          new DiskObstacle.NoOverlay("virtio0", "/dev/sdz", DiskObstacle.Kind.NO_PLACE),
          new DiskObstacle.ManagedByLibvirt(),
          new DiskObstacle.OverlayNotMade(Path.of("/images/a.1.qcow2"), failure),
          new DiskObstacle.SnapshotRefused(new FixedRamException("the node is in use")),
          new DiskObstacle.DisksNotKnown("vm.fram"),
          new DiskObstacle.OptionNotRewritable("-drive file=a", "it has offset"),
          new DiskObstacle.NotOfTheSave("-drive file=a", "vm.fram", List.of("/images/b.raw")),
          new DiskObstacle.ImageMissing("vm.fram", "/images/a.raw"),
          new StartObstacle.CommandUnknown("vm.fram"),
          new StartObstacle.CommandNotTrusted("vm.fram", "it belongs to another user"),
          new StartObstacle.CommandNotRepeatable("vm.fram", "it has descriptors"),
          new StartObstacle.NotStartedForACheck("-tpmdev emulator,id=t", "it serves one"),
          new StartObstacle.NoCommand(),
          new StartObstacle.IncomingGiven("--incoming"),
          new StartObstacle.Daemonizes("-daemonize"),
          new StartObstacle.GenerationIdNotPlaced(new UUID(47, 11)),
          new StartObstacle.NoGenerationIdDevice("vm.fram"));

  /** Facts that the sentence has in another form, or that only a program needs. */
  private static final Set<String> WORDED =
      Set.of(
          "InstantObstacle.SavedOnHugePages.pageBytes",
          "LoadObstacle.OtherGuest.differences",
          "LoadObstacle.DiskChanged.readOnly",
          "DiskObstacle.NoOverlay.kind",
          "CommandObstacle.OptionInTheWay.option",
          "MemoryObstacle.LongDowntime.limit",
          "MemoryObstacle.LongDowntime.predicted",
          "MemoryObstacle.SlowDisk.limit",
          "MemoryObstacle.GuestChanged.reset",
          "ProcessObstacle.OtherProcess.named",
          "MemoryObstacle.BlockSeenElsewhere.address");

  @Test
  void allKindsAreHere() {
    assertThat(all.stream().map(Object::getClass).collect(Collectors.toSet()))
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
    for (Obstacle each : all) {
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
      case FixedRamException told -> told.sentence();
      case MapObstacle obstacle -> obstacle.sentence();
      case ProcessObstacle.Difference difference -> difference.clause();
      case LoadObstacle.NotReady notReady -> notReady.clause();
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
                "it failed", Remedy.LEAVE_PAUSED, Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM));
    assertThat(List.of(plain, prefixed, other))
        .extracting(ObstacleException::obstacle)
        .containsOnly(obstacle);
  }
}
