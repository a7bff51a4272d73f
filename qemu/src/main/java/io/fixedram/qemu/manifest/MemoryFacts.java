// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.migration.FlatView;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The memory of a guest.
 *
 * @param blocks RAM blocks; empty if QEMU's list can't be read
 * @param backends memory backends
 * @param map ranges of guest-physical addresses with RAM or ROM, in ascending order; empty if
 *     QEMU's list can't be read
 */
public record MemoryFacts(List<Block> blocks, List<Backend> backends, List<Range> map) {
  /** Copies the lists. */
  public MemoryFacts {
    blocks = List.copyOf(blocks);
    backends = List.copyOf(backends);
    map = List.copyOf(map);
  }

  /**
   * A RAM block.
   *
   * @param usedLength length in bytes
   * @param pageSize bytes of the host pages that it consists of
   */
  public record Block(String name, long usedLength, long pageSize) {}

  /**
   * A memory backend.
   *
   * @param id id of the object
   * @param bytes size
   * @param file the file that it maps, or the directory of an unnamed one
   * @param shared whether the guest's writes go to the file
   */
  public record Backend(String id, long bytes, Optional<Path> file, boolean shared) {}

  /**
   * A range of guest-physical addresses.
   *
   * @param address first address
   * @param bytes length
   * @param writable whether the guest can write to it
   * @param block name of the RAM block; empty if it can't be told
   * @param offset offset of the first byte in the block
   */
  public record Range(
      long address, long bytes, boolean writable, Optional<String> block, long offset) {}

  /** Queries a QEMU. The guest is not affected. */
  public static MemoryFacts ask(QmpClient qmp) {
    List<QemuRamBlock> blocks = QemuRamBlock.ask(qmp);
    return new MemoryFacts(
        blocks.stream()
            .map(each -> new Block(each.name(), each.usedLength(), each.pageSize()))
            .toList(),
        backends(qmp),
        map(qmp, blocks));
  }

  private static List<Backend> backends(QmpClient qmp) {
    List<MemoryFile> files = MemoryFile.ask(qmp);
    return qmp.executeIfKnown("query-memdev", Map.of()).stream()
        .flatMap(list -> list.items().stream())
        .map(each -> {
          String id = each.findText("id").orElse("");
          Optional<MemoryFile> file =
              files.stream().filter(found -> found.backend().equals(id)).findFirst();
          return new Backend(
              id,
              each.get("size").number(),
              file.map(MemoryFile::path),
              each.find("share").isPresent()
                  ? each.get("share").flag()
                  : file.map(MemoryFile::shared).orElse(false));
        })
        .toList();
  }

  private static List<Range> map(QmpClient qmp, List<QemuRamBlock> blocks) {
    try {
      return FlatView.ask(qmp).ranges().stream().map(range -> range(range, blocks)).toList();
    } catch (QmpException e) {
      return List.of();
    }
  }

  private static Range range(FlatView.Range range, List<QemuRamBlock> blocks) {
    List<String> names =
        blocks.stream()
            .filter(block -> block.mayBe(range.region()))
            .map(QemuRamBlock::name)
            .toList();
    return new Range(
        range.first(),
        range.bytes(),
        range.writable(),
        names.size() == 1 ? Optional.of(names.getFirst()) : Optional.empty(),
        range.offset());
  }
}
