// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Finds the addresses of a QEMU's RAM blocks in its address space. An address is accepted if QEMU
 * lists it, or a search has found only this one; if the guest-visible part of the block is at the
 * corresponding address; if memory that can be RAM is mapped there from the first byte to the last;
 * and if no two blocks overlap. If one address is not accepted, all are refused.
 */
final class BlockLocator {
  private final QemuPid qemu;
  private final AddressSpace space;

  BlockLocator(QemuPid qemu, AddressSpace space) {
    this.qemu = qemu;
    this.space = space;
  }

  /**
   * Finds all blocks.
   *
   * @param blocks the blocks as listed by QEMU
   * @throws ObstacleException if the address of a block is uncertain
   */
  List<LocatedBlock> locate(QmpClient qmp, List<QemuRamBlock> blocks) {
    if (blocks.stream().allMatch(block -> block.host().isPresent())) {
      return verified(space, listed(blocks), blocks, GuestAddresses.ask(qmp));
    }
    // QEMU answers meanwhile.
    CompletableFuture<Map<QemuRamBlock, Long>> searched =
        CompletableFuture.supplyAsync(
            () -> search(blocks), task -> Thread.ofPlatform().name("fixedram search").start(task));
    GuestAddresses guest;
    try {
      guest = GuestAddresses.ask(qmp);
    } catch (RuntimeException | Error e) {
      // The process is closed after this.
      searched.exceptionally(_ -> Map.of()).join();
      throw e;
    }
    return verified(space, found(searched), blocks, guest);
  }

  private static <T> T found(CompletableFuture<T> searched) {
    try {
      return searched.join();
    } catch (CompletionException e) {
      throw switch (e.getCause()) {
        case FixedRamException failure -> failure;
        case null, default -> e;
      };
    }
  }

  private static Map<QemuRamBlock, Long> listed(List<QemuRamBlock> blocks) {
    Map<QemuRamBlock, Long> hosts = new HashMap<>();
    blocks.forEach(block -> hosts.put(block, block.host().getAsLong()));
    return hosts;
  }

  /** The addresses found by a search, whether or not QEMU lists them. */
  Map<QemuRamBlock, Long> search(List<QemuRamBlock> blocks) {
    return once(BlockSearch.run(qemu.process(), space, blocks));
  }

  /** Accepts the address of each block if it is the only one. */
  static Map<QemuRamBlock, Long> once(Map<QemuRamBlock, Set<Long>> found) {
    Map<QemuRamBlock, Long> hosts = new HashMap<>();
    found.forEach((block, addresses) -> {
      if (addresses.size() != 1) {
        throw new ObstacleException(
            new MemoryObstacle.BlockRecords(block.name(), addresses.size()));
      }
      hosts.put(block, addresses.iterator().next());
    });
    return hosts;
  }

  /** Verifies the addresses. */
  static List<LocatedBlock> verified(
      AddressSpace space,
      Map<QemuRamBlock, Long> hosts,
      List<QemuRamBlock> blocks,
      GuestAddresses guest) {
    checkAgainst(guest, hosts);
    List<LocatedBlock> located = new ArrayList<>();
    for (QemuRamBlock block : blocks) {
      long host = address(hosts, block);
      List<Mapping> mappings =
          space
              .covering(host, block.usedLength())
              .orElseThrow(
                  () -> new ObstacleException(new MemoryObstacle.BlockNotMapped(block.name())));
      for (Mapping mapping : mappings) {
        if (!mapping.isReadable() || mapping.isDevice()) {
          throw new ObstacleException(
              new MemoryObstacle.BlockNotReadable(block.name(), mapping.permissions()));
        }
      }
      located.add(new LocatedBlock(block, host, mappings));
    }
    checkApart(located);
    return List.copyOf(located);
  }

  private static long address(Map<QemuRamBlock, Long> hosts, QemuRamBlock block) {
    return Objects.requireNonNull(hosts.get(block));
  }

  private static void checkAgainst(GuestAddresses guest, Map<QemuRamBlock, Long> hosts) {
    boolean confirmed = false;
    for (GuestAddresses.Seen seen : guest.seen()) {
      List<QemuRamBlock> candidates =
          hosts.keySet().stream().filter(block -> block.mayBe(seen.region())).toList();
      if (candidates.stream().anyMatch(block -> address(hosts, block) == seen.start())) {
        confirmed = true;
      } else if (!candidates.isEmpty()) {
        throw new ObstacleException(
            new MemoryObstacle.BlockSeenElsewhere(candidates.getFirst().name(), seen.start()));
      }
    }
    if (!confirmed) {
      throw new ObstacleException(new MemoryObstacle.NoBlockSeen());
    }
  }

  private static void checkApart(List<LocatedBlock> blocks) {
    List<LocatedBlock> sorted =
        blocks.stream()
            .filter(block -> block.usedLength() > 0)
            .sorted(Comparator.comparing(LocatedBlock::host, Long::compareUnsigned))
            .toList();
    for (int i = 1; i < sorted.size(); i++) {
      LocatedBlock before = sorted.get(i - 1);
      if (before.end() > sorted.get(i).host()) {
        throw new ObstacleException(
            new MemoryObstacle.BlocksOverlap(sorted.get(i).name(), before.name()));
      }
    }
  }
}
