// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.MainMemory;
import io.fixedram.qemu.command.MachineMemory.Backend;
import io.fixedram.qemu.obstacle.BackendObstacle;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.obstacle.CommandObstacle.Option;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.text.SizeText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A QEMU command rewritten so that main memory consists of private mappings of a save's pages. Each
 * memory backend becomes a {@code memory-backend-file} with an offset; main memory created by -m
 * alone gets such a backend. Other RAM, such as a display's, is not changed and is loaded.
 *
 * @param words the words of the command
 * @param mappings the mapped blocks
 * @param remarks sentences on differences from the given command
 */
public record InstantCommand(List<String> words, List<MappedBlock> mappings, List<String> remarks) {
  /** Prefix of the block names of backends in machine types up to 4.0. */
  private static final String BACKEND_PATH = "/objects/";

  private static final Set<String> REPLACED =
      Set.of("memory-backend-ram", "memory-backend-file", "memory-backend-memfd");

  /** Properties that are kept for a mapping of the save. */
  private static final Set<String> KEPT =
      Set.of("qom-type", "id", "merge", "dump", "host-nodes", "policy", "reserve");

  /**
   * Properties that don't apply to a mapping of the save and are dropped, unless they are refused.
   */
  private static final Set<String> DROPPED =
      Set.of(
          "align",
          "discard-data",
          "hugetlb",
          "hugetlbsize",
          "mem-path",
          "offset",
          "pmem",
          "prealloc",
          "prealloc-context",
          "prealloc-threads",
          "readonly",
          "rom",
          "seal",
          "share",
          "size",
          "x-use-canonical-path-for-ramblock-id");

  /** Copies the lists. */
  public InstantCommand {
    words = List.copyOf(words);
    mappings = List.copyOf(mappings);
    remarks = List.copyOf(remarks);
  }

  /**
   * A block of the save that a backend maps.
   *
   * @param backend id of the memory backend
   * @param place offsets of the block in the save
   */
  public record MappedBlock(String backend, BlockPlace place) {}

  /**
   * A save to map.
   *
   * @param path absolute path of the save for QEMU
   * @param header header of the save
   * @param places offsets of its blocks
   */
  public record Target(Path path, SaveHeader header, List<BlockPlace> places) {
    /** Copies the list. */
    public Target {
      places = List.copyOf(places);
    }

    private Optional<BlockPlace> place(String block) {
      return places.stream().filter(place -> place.block().name().equals(block)).findFirst();
    }
  }

  /**
   * Rewrites a command.
   *
   * @param hugePages whether a path is on a file system of huge pages
   * @throws NotInstantException if a part can't be rewritten, saying what to do
   */
  public static InstantCommand of(QemuCommandLine command, Target save, Predicate<Path> hugePages) {
    refuseWhatNeedsOtherMemory(command);
    refuseBlocks(save);
    MachineMemory memory = MachineMemory.of(command);
    QemuCommandLine rewritten = command;
    List<MappedBlock> mappings = new ArrayList<>();
    List<String> remarks = new ArrayList<>();
    for (Backend backend : memory.backends()) {
      refuseProperties(backend, hugePages);
      if (sharesByDefault(backend)) {
        remarks.add(
            "the memory backend "
                + backend.id()
                + ", a memfd that is shared unless it has share=off, is mapped privately");
      }
      BlockPlace place = placeOf(backend, save);
      rewritten =
          rewritten.replacing(backend.option(), mapped(backend.value(), place, save).text());
      mappings.add(new MappedBlock(backend.id(), place));
    }
    if (memory.defaultBytes().isPresent()) {
      BlockPlace place = mainMemory(memory.defaultBytes().get(), command, save);
      String id = place.block().name();
      OptionValue value = OptionValue.parse("memory-backend-file", "qom-type").with("id", id);
      rewritten =
          rewritten.adding(
              "-object",
              mapped(value, place, save).text(),
              "-machine",
              // The name comes from the save, and must not become other options.
              "memory-backend=" + id.replace(",", ",,"));
      mappings.add(new MappedBlock(id, place));
    }
    return new InstantCommand(rewritten.words(), mappings, remarks);
  }

  private static void refuseWhatNeedsOtherMemory(QemuCommandLine command) {
    refuse(command.has("readconfig"), Option.READCONFIG);
    refuse(command.has("mem-path"), Option.MEM_PATH);
    refuse(command.has("mem-prealloc"), Option.MEM_PREALLOC);
    refuse(
        command
            .all("overcommit")
            .anyMatch(option -> {
              OptionValue value = option.parts("mem-lock");
              return value.find("mem-lock").filter(lock -> !lock.equals("off")).isPresent();
            }),
        Option.MEM_LOCK);
    refuse(command.drivers().anyMatch("loader"::equals), new CommandObstacle.LoaderDevice());
    refuse(
        command
            .drivers()
            .filter(driver ->
                driver.startsWith("vfio-")
                    || driver.startsWith("vhost-user-")
                    || driver.startsWith("vhost-vdpa-")
                    || driver.startsWith("virtio-mem"))
            .findFirst()
            .map(CommandObstacle.UnsuitedDevice::new));
    refuse(
        command.all("device").anyMatch(option -> option.parts("driver").isOn("blob")), Option.BLOB);
    refuse(
        command
            .all("netdev")
            .flatMap(option -> option.parts("type").find("type").stream())
            .anyMatch(Set.of("vhost-user", "vhost-vdpa")::contains),
        new CommandObstacle.SharingNetwork());
  }

  private static boolean sharesByDefault(Backend backend) {
    return backend.type().equals("memory-backend-memfd") && backend.value().find("share").isEmpty();
  }

  private static void refuse(boolean found, Option option) {
    refuse(found, new CommandObstacle.OptionInTheWay(option));
  }

  private static void refuse(boolean found, InstantObstacle obstacle) {
    if (found) {
      throw new NotInstantException(obstacle);
    }
  }

  private static void refuse(Optional<? extends InstantObstacle> obstacle) {
    if (obstacle.isPresent()) {
      throw new NotInstantException(obstacle.get());
    }
  }

  private static void refuseBlocks(Target save) {
    refuse(
        save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED),
        new InstantObstacle.SharedMemoryLeftOut(save.path()));
    refuse(
        save.header().blocks().list().stream()
            .filter(block -> block.pageSize().orElse(4096) > 4096)
            .findFirst()
            .map(block ->
                new InstantObstacle.SavedOnHugePages(block.name(), block.pageSize().getAsLong())));
  }

  private static void refuseProperties(Backend backend, Predicate<Path> hugePages) {
    OptionValue value = backend.value();
    String id = backend.id();
    refuse(!REPLACED.contains(backend.type()), new BackendObstacle.OtherType(id, backend.type()));
    refuse(value.isOn("share") || value.isOn("pmem"), new BackendObstacle.Shared(id));
    refuse(
        value.isOn("hugetlb")
            || value
                .find("mem-path")
                .filter(path -> path.indexOf('\0') < 0 && hugePages.test(Path.of(path)))
                .isPresent(),
        new BackendObstacle.OnHugePages(id));
    refuse(value.isOn("prealloc"), new BackendObstacle.Preallocated(id));
    refuse(
        value.isOn("readonly") && !value.find("rom").filter("off"::equals).isPresent(),
        new BackendObstacle.ReadOnly(id));
    Set<String> unknown = new HashSet<>(value.keys());
    unknown.removeAll(KEPT);
    unknown.removeAll(DROPPED);
    refuse(
        unknown.stream()
            .sorted()
            .findFirst()
            .map(property -> new BackendObstacle.UnknownProperty(id, property)));
  }

  private static BlockPlace placeOf(Backend backend, Target save) {
    BlockPlace place =
        save.place(backend.id())
            .or(() -> save.place(BACKEND_PATH + backend.id()))
            .orElseThrow(() ->
                new NotInstantException(
                    new BackendObstacle.NotInSave(backend.id(), save.path(), mainMemory(save))));
    long saved = place.block().usedLength();
    Optional<String> size = backend.value().find("size");
    if (SizeText.bytes(size.orElse(""), 'b').orElse(-1) != saved) {
      throw new NotInstantException(
          new BackendObstacle.OtherSize(backend.id(), save.path(), place.block(), size.orElse("")));
    }
    return place;
  }

  private static BlockPlace mainMemory(long bytes, QemuCommandLine command, Target save) {
    Set<String> backends = new HashSet<>();
    command
        .all("object")
        .flatMap(object -> object.parts("qom-type").find("id").stream())
        .forEach(backends::add);
    List<BlockPlace> candidates =
        save.places().stream()
            .filter(place -> MainMemory.contains(place.block()))
            .filter(place -> !place.block().name().startsWith(BACKEND_PATH))
            .filter(place -> !backends.contains(place.block().name()))
            .toList();
    List<BlockPlace> fitting =
        candidates.stream().filter(place -> place.block().usedLength() == bytes).toList();
    if (fitting.size() == 1) {
      return fitting.getFirst();
    }
    Optional<RamBlock> main = onlyMainMemory(candidates);
    if (fitting.isEmpty() && main.isPresent()) {
      throw new NotInstantException(
          new CommandObstacle.OtherSize(save.path(), main.get().usedLength(), bytes));
    }
    throw new NotInstantException(
        new CommandObstacle.AmbiguousMemory(save.path(), mainMemory(save)));
  }

  /** The block whose size -m alone gives; empty if that is ambiguous. */
  private static Optional<RamBlock> onlyMainMemory(List<BlockPlace> candidates) {
    List<RamBlock> blocks = candidates.stream().map(BlockPlace::block).toList();
    List<RamBlock> ofMachine = blocks.stream().filter(MainMemory::isOfMachine).toList();
    List<RamBlock> likely = ofMachine.isEmpty() ? blocks : ofMachine;
    return likely.size() == 1 ? Optional.of(likely.getFirst()) : Optional.empty();
  }

  private static List<RamBlock> mainMemory(Target save) {
    return save.places().stream().map(BlockPlace::block).filter(MainMemory::contains).toList();
  }

  /**
   * The backend's properties for a private mapping; only with rom=off can QEMU write to the
   * mapping.
   */
  private static OptionValue mapped(OptionValue value, BlockPlace place, Target save) {
    return value
        .only(KEPT)
        .with("qom-type", "memory-backend-file")
        .with("size", place.block().usedLength())
        .with("mem-path", save.path().toString())
        .with("offset", place.pagesOffset())
        .with("share", false)
        .with("readonly", true)
        .with("rom", "off")
        .with(
            "x-use-canonical-path-for-ramblock-id", place.block().name().startsWith(BACKEND_PATH));
  }
}
