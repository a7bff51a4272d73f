// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.manifest.DeviceFacts.Device;
import io.fixedram.qemu.manifest.DeviceFacts.PciFunction;
import io.fixedram.qemu.manifest.MemoryFacts.Block;
import io.fixedram.qemu.manifest.MemoryFacts.Range;
import io.fixedram.qemu.obstacle.GuestDifference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Compares a saved guest with the QEMU that is to load it. What is unknown is not compared. */
public final class Differences {
  /** Firmware switches memory below between RAM and ROM (PAM registers of x86 chipsets). */
  private static final long SWITCHED_BELOW = 1L << 20;

  /** Prefix of blocks that QEMU adds for tables of the firmware, when they are first used. */
  private static final String FIRMWARE_FILE = "/rom@";

  private final GuestFacts saved;
  private final GuestFacts found;
  private final List<GuestDifference> all = new ArrayList<>();

  private Differences(GuestFacts saved, GuestFacts found) {
    this.saved = saved;
    this.found = found;
  }

  /** The differences that matter for the guest, without disks; the most general ones first. */
  public static List<GuestDifference> between(GuestFacts saved, GuestFacts found) {
    Differences differences = new Differences(saved, found);
    differences.machines();
    differences.cpus();
    differences.blocks();
    differences.memoryMaps();
    differences.devices();
    differences.pciFunctions();
    return List.copyOf(differences.all);
  }

  private void machines() {
    MachineFacts before = saved.machine();
    MachineFacts now = found.machine();
    if (differ(before.type(), now.type())) {
      all.add(new GuestDifference.OtherMachine(before.type(), now.type()));
      // Types of other chipsets have other properties with other defaults.
      return;
    }
    before
        .properties()
        .forEach((name, value) -> {
          String other = now.properties().getOrDefault(name, value);
          if (!other.equals(value)) {
            all.add(new GuestDifference.OtherProperty(name, value, other));
          }
        });
    if (differ(before.accelerator(), now.accelerator())) {
      all.add(new GuestDifference.OtherAccelerator(before.accelerator(), now.accelerator()));
    }
  }

  private static boolean differ(String before, String now) {
    return !before.equals(now)
        && !before.equals(MachineFacts.UNKNOWN)
        && !now.equals(MachineFacts.UNKNOWN);
  }

  private void cpus() {
    CpuFacts before = saved.cpu();
    CpuFacts now = found.cpu();
    if (before.count() != now.count() && before.count() > 0 && now.count() > 0) {
      all.add(new GuestDifference.OtherCpuCount(before.count(), now.count()));
    }
    if (differ(before.model(), now.model())) {
      all.add(new GuestDifference.OtherCpuModel(before.model(), now.model()));
    } else if (before.count() == now.count()
        && !before.features().isEmpty()
        && !now.features().isEmpty()) {
      // Some features depend on the number of CPUs.
      NavigableSet<String> missing = missingFeatures(before.features(), now.features());
      if (!missing.isEmpty()) {
        all.add(new GuestDifference.CpuFeaturesMissing(missing));
      }
    }
  }

  private static NavigableSet<String> missingFeatures(
      NavigableMap<String, Long> before, NavigableMap<String, Long> now) {
    NavigableSet<String> missing = new TreeSet<>();
    before.forEach((word, bits) -> {
      long lost = bits & ~now.getOrDefault(word, 0L);
      for (int bit = 0; bit < Long.SIZE; bit++) {
        if (((lost >>> bit) & 1) != 0) {
          missing.add(word + "[" + bit + "]");
        }
      }
    });
    return missing;
  }

  private void blocks() {
    Map<String, Block> before = byName(saved.memory().blocks(), Block::name);
    Map<String, Block> now = byName(found.memory().blocks(), Block::name);
    if (before.isEmpty() || now.isEmpty()) {
      return;
    }
    before.forEach((name, block) -> {
      if (!now.containsKey(name) && !name.startsWith(FIRMWARE_FILE)) {
        all.add(new GuestDifference.BlockMissing(name, block.usedLength()));
      }
    });
    now.forEach((name, block) -> {
      if (!before.containsKey(name) && !name.startsWith(FIRMWARE_FILE)) {
        all.add(new GuestDifference.BlockAdded(name, block.usedLength()));
      }
    });
  }

  /**
   * Only memory backends: other blocks are moved by the guest (BARs of graphics memory). Holes
   * don't count, since firmware can make them (memory of the system management mode).
   */
  private void memoryMaps() {
    Map<String, NavigableSet<Long>> before = places(saved.memory());
    Map<String, NavigableSet<Long>> now = places(found.memory());
    before.forEach((block, places) -> {
      if (now.containsKey(block) && !places.equals(now.get(block))) {
        all.add(new GuestDifference.OtherMemoryMap(block));
      }
    });
  }

  /** The guest-physical addresses at which each block would begin, by each of its ranges. */
  private static Map<String, NavigableSet<Long>> places(MemoryFacts memory) {
    NavigableSet<String> backends = new TreeSet<>();
    memory
        .backends()
        .forEach(each -> {
          backends.add(each.id());
          backends.add("/objects/" + each.id());
        });
    Map<String, NavigableSet<Long>> places = new TreeMap<>();
    for (Range range : memory.map()) {
      if (range.address() + range.bytes() > SWITCHED_BELOW) {
        range
            .block()
            .filter(backends::contains)
            .ifPresent(block ->
                places
                    .computeIfAbsent(block, _ -> new TreeSet<>())
                    .add(range.address() - range.offset()));
      }
    }
    return places;
  }

  private void devices() {
    List<Device> missing = new ArrayList<>(saved.devices().added());
    for (Device device : found.devices().added()) {
      int same =
          IntStream.range(0, missing.size())
              .filter(index -> same(device, missing.get(index)))
              .findFirst()
              .orElse(-1);
      if (same >= 0) {
        missing.remove(same);
      } else {
        all.add(new GuestDifference.DeviceAdded(device.type(), words(device)));
      }
    }
    missing.forEach(each -> all.add(new GuestDifference.DeviceMissing(each.type(), words(each))));
  }

  /** QEMU numbers devices without an id, so that one more device changes the others' names. */
  private static boolean same(Device one, Device other) {
    return (one.anonymous() && other.anonymous())
        ? one.type().equals(other.type())
        : one.equals(other);
  }

  private static String words(Device device) {
    return device.anonymous() ? "without an id" : "id=" + device.name();
  }

  private void pciFunctions() {
    Map<String, PciFunction> before = byName(saved.devices().pci(), PciFunction::address);
    Map<String, PciFunction> now = byName(found.devices().pci(), PciFunction::address);
    if (before.isEmpty() || now.isEmpty()) {
      return;
    }
    NavigableSet<String> addresses = new TreeSet<>(before.keySet());
    addresses.addAll(now.keySet());
    for (String address : addresses) {
      Optional<GuestDifference.PciFunction> was = function(before, address);
      Optional<GuestDifference.PciFunction> is = function(now, address);
      if (!was.map(GuestDifference.PciFunction::id)
          .equals(is.map(GuestDifference.PciFunction::id))) {
        all.add(new GuestDifference.OtherPciFunction(address, was, is));
      }
    }
  }

  private static Optional<GuestDifference.PciFunction> function(
      Map<String, PciFunction> functions, String address) {
    return Optional.ofNullable(functions.get(address))
        .map(each -> new GuestDifference.PciFunction(each.id(), each.description()));
  }

  private static <T> Map<String, T> byName(List<T> items, Function<T, String> name) {
    Map<String, T> named = new TreeMap<>();
    items.forEach(each -> named.put(name.apply(each), each));
    return named;
  }
}
