// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * The guest's entries in the CONFIGURATION section of a stream.
 *
 * @param machine name of the machine type with its version, such as pc-i440fx-7.2
 * @param capabilities capabilities that change the stream and must be set the same on load, except
 *     the one that names a fixed-offset layout, which describes the file and not the guest
 * @param targetPageBits log2 of the target page size where the stream says so
 * @param uuid the guest's UUID, sent under validate-uuid
 */
public record Configuration(
    String machine, List<String> capabilities, OptionalInt targetPageBits, Optional<UUID> uuid) {
  /** Name of the capability with which blocks are listed with their guest addresses. */
  public static final String X_IGNORE_SHARED = "x-ignore-shared";

  private static final int DEFAULT_TARGET_PAGE_BITS = 12;

  /**
   * Copies the list of capabilities and checks all names.
   *
   * @throws io.fixedram.error.FixedRamException if a stream can't carry a name
   */
  public Configuration {
    machine = StreamNames.checked("a machine type", machine);
    capabilities =
        capabilities.stream().map(each -> StreamNames.checked("a capability", each)).toList();
  }

  /** A configuration with nothing but the machine's name. */
  public static Configuration of(String machine) {
    return new Configuration(machine, List.of(), OptionalInt.empty(), Optional.empty());
  }

  /** Bytes of a target page; 4096 where the stream does not say. */
  public int targetPageSize() {
    return 1 << targetPageBits.orElse(DEFAULT_TARGET_PAGE_BITS);
  }

  /** A copy of this configuration with other capabilities. */
  public Configuration withCapabilities(List<String> others) {
    return new Configuration(machine, others, targetPageBits, uuid);
  }
}
