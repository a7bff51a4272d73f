// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.address.MemoryMap;
import io.fixedram.inspect.address.PageTables;
import io.fixedram.inspect.address.PhysicalMemory;
import io.fixedram.inspect.block.BlockReader;
import io.fixedram.inspect.device.Device;
import io.fixedram.inspect.device.DeviceReader;
import io.fixedram.inspect.device.X86Registers;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.view.GuestView;
import io.fixedram.store.PageStore;
import io.fixedram.store.RamPages;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * A guest to look into: a save, or one that runs. Its memory may be read by several threads; all
 * else by one.
 */
public final class Inspection implements AutoCloseable {
  private final RamPages memory;
  private final Optional<PageStore> save;
  private final Supplier<DeviceState> devices;
  private final Optional<MemoryMap> map;
  private final AutoCloseable closing;
  private Optional<DeviceState> read = Optional.empty();

  private Inspection(
      RamPages memory,
      Optional<PageStore> save,
      Supplier<DeviceState> devices,
      Optional<MemoryMap> map,
      AutoCloseable closing) {
    this.memory = memory;
    this.save = save;
    this.devices = devices;
    this.map = map;
    this.closing = closing;
  }

  /**
   * Opens a save in a file of any format.
   *
   * @throws FixedRamException if it can't be opened
   */
  public static Inspection open(Path file) {
    return of(Saves.open(file));
  }

  /** Looks into a save, which is closed with this object. */
  public static Inspection of(PageStore save) {
    try {
      Optional<MemoryMap> recorded =
          save.manifest()
              .map(Manifest::ofJson)
              .flatMap(manifest ->
                  MemoryMap.of(manifest.guest().memory().map(), save.header().blocks()));
      return new Inspection(
          save,
          Optional.of(save),
          save::deviceState,
          recorded.or(() -> MemoryMap.derived(save.header())),
          save);
    } catch (RuntimeException | Error e) {
      save.close();
      throw e;
    }
  }

  /**
   * Looks into the guest of a running QEMU, which is closed with this object. Its memory changes
   * meanwhile unless it is held; the state of its devices is read when it is first needed.
   */
  public static Inspection of(GuestView guest) {
    try {
      RamPages memory = guest.memory();
      Optional<MemoryMap> told = MemoryMap.of(guest.facts().map(), memory.header().blocks());
      return new Inspection(memory, Optional.empty(), guest::devices, told, guest);
    } catch (RuntimeException | Error e) {
      guest.close();
      throw e;
    }
  }

  /** The RAM blocks and their pages. */
  public RamPages memory() {
    return memory;
  }

  /** Where the guest has its memory; empty if that is not known. */
  public Optional<MemoryMap> findMap() {
    return map;
  }

  /** File offset of a block's first page; empty if pages have no fixed offsets in a file. */
  public OptionalLong pagesOffset(RamBlock block) {
    return save.flatMap(store -> store.place(block))
        .map(place -> OptionalLong.of(place.pagesOffset()))
        .orElse(OptionalLong.empty());
  }

  /**
   * Where the guest has its memory.
   *
   * @throws FixedRamException if that is not known
   */
  public MemoryMap map() {
    return map.orElseThrow(() ->
        new FixedRamException(
            memory.name()
                + " does not say at which addresses the guest has its memory, and this is not known"
                + " of machines of type "
                + memory.header().configuration().machine()
                + " either"));
  }

  /**
   * The devices.
   *
   * @throws FixedRamException if their state can't be read
   */
  public DeviceReader devices() {
    DeviceState state = read.orElseGet(devices);
    read = Optional.of(state);
    return new DeviceReader(memory.name(), state);
  }

  /**
   * The registers of the processors, in order; empty if they are not of x86, or not decoded.
   *
   * @throws FixedRamException if the device state can't be read
   */
  public List<X86Registers> processors() {
    List<X86Registers> processors = new ArrayList<>();
    devices().forEach(device -> X86Registers.of(device).ifPresent(processors::add));
    return processors;
  }

  /**
   * A device.
   *
   * @param name name of its section
   * @throws FixedRamException if the device state can't be read
   */
  public Optional<Device> device(String name) {
    List<Device> found = new ArrayList<>();
    devices()
        .forEach(device -> {
          if (device.name().equals(name)) {
            found.add(device);
          }
        });
    return found.stream().findFirst();
  }

  /**
   * The memory by guest-physical addresses.
   *
   * @param reader reads the blocks of {@link #memory}
   */
  public PhysicalMemory physical(BlockReader reader) {
    return new PhysicalMemory(map(), reader);
  }

  /**
   * The memory by the virtual addresses that a processor used last.
   *
   * @param reader reads the blocks of {@link #memory}
   * @param processor number of the processor
   * @throws FixedRamException if there is no such processor, or it is not in 64-bit mode
   */
  public PageTables virtual(BlockReader reader, int processor) {
    List<X86Registers> processors = processors();
    X86Registers registers =
        processors.stream()
            .filter(each -> each.processor() == processor)
            .findFirst()
            .orElseThrow(() ->
                new FixedRamException(
                    processors.isEmpty()
                        ? memory.name() + " has no registers of an x86 processor that can be read"
                        : memory.name() + " has no processor " + processor));
    int levels =
        registers
            .pageTableLevels()
            .orElseThrow(() ->
                new FixedRamException(
                    "processor "
                        + processor
                        + " of "
                        + memory.name()
                        + " is not in 64-bit mode, so that its virtual addresses can't be"
                        + " translated"));
    return new PageTables(physical(reader), registers.control().cr3(), levels);
  }

  @Override
  public void close() {
    try {
      closing.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw FixedRamException.of("closing " + memory.name() + " failed", e);
    }
  }
}
