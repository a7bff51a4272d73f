// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The set of enabled capabilities of a migration.
 *
 * @param on the enabled capabilities; no two of them are incompatible
 */
public record MigrationCapabilities(Set<MigrationCapability> on) {
  /**
   * Names of incompatible capabilities in the proposal's error messages, in the order of its
   * checks.
   */
  private static final Map<MigrationCapability, String> NOT_WITH_FIXED_OFFSETS =
      new EnumMap<>(
          Map.of(
              MigrationCapability.MULTIFD, "multifd",
              MigrationCapability.XBZRLE, "xbzrle",
              MigrationCapability.COMPRESS, "compression",
              MigrationCapability.POSTCOPY_RAM, "postcopy ram",
              MigrationCapability.BACKGROUND_SNAPSHOT,
                  "background-snapshot, which needs each page written once"));

  /**
   * Checks that the capabilities are compatible.
   *
   * @throws FixedRamException if two capabilities are incompatible, with the proposal's wording
   */
  public MigrationCapabilities {
    EnumSet<MigrationCapability> copy = EnumSet.noneOf(MigrationCapability.class);
    copy.addAll(on);
    on = Collections.unmodifiableSet(copy);
    if (on.contains(MigrationCapability.FIXED_RAM) && on.contains(MigrationCapability.MAPPED_RAM)) {
      throw new FixedRamException("fixed-ram and mapped-ram are two layouts: choose one");
    }
    if (hasFixedOffsets(on)) {
      NOT_WITH_FIXED_OFFSETS.forEach((capability, words) -> {
        if (copy.contains(capability)) {
          throw new FixedRamException("Directly mapped memory incompatible with " + words);
        }
      });
    }
  }

  private static boolean hasFixedOffsets(Set<MigrationCapability> on) {
    return on.contains(MigrationCapability.FIXED_RAM)
        || on.contains(MigrationCapability.MAPPED_RAM);
  }

  /** A set with the given capabilities on and all others off. */
  public static MigrationCapabilities of(MigrationCapability... on) {
    return new MigrationCapabilities(Set.copyOf(Arrays.asList(on)));
  }

  /** The capabilities that select a format; none for a stream. */
  public static MigrationCapabilities of(SaveFormat format) {
    return switch (format) {
      case STREAM -> of();
      case FIXED_RAM -> of(MigrationCapability.FIXED_RAM);
      case MAPPED_RAM -> of(MigrationCapability.MAPPED_RAM);
    };
  }

  /** A copy with some capabilities switched on or off. */
  public MigrationCapabilities with(Map<MigrationCapability, Boolean> changes) {
    EnumSet<MigrationCapability> changed = EnumSet.noneOf(MigrationCapability.class);
    changed.addAll(on);
    changes.forEach((capability, value) -> {
      if (value) {
        changed.add(capability);
      } else {
        changed.remove(capability);
      }
    });
    return new MigrationCapabilities(changed);
  }

  /** Whether a capability is on. */
  public boolean has(MigrationCapability capability) {
    return on.contains(capability);
  }

  /** Whether pages have fixed offsets, which requires a seekable transport. */
  public boolean hasFixedOffsets() {
    return hasFixedOffsets(on);
  }

  /** The format of saves made with these capabilities. */
  public SaveFormat format() {
    if (has(MigrationCapability.FIXED_RAM)) {
      return SaveFormat.FIXED_RAM;
    }
    return has(MigrationCapability.MAPPED_RAM) ? SaveFormat.MAPPED_RAM : SaveFormat.STREAM;
  }

  /**
   * Checks that this engine supports all enabled capabilities.
   *
   * @throws FixedRamException naming a capability that is not supported
   */
  void requireProvided() {
    for (MigrationCapability capability : on) {
      if (!capability.isProvided()) {
        throw new FixedRamException(
            "this engine has no " + capability.text() + ": switch the capability off");
      }
    }
  }
}
