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
 * The capabilities that are on.
 *
 * @param on those; no two of them contradict each other
 */
public record MigrationCapabilities(Set<MigrationCapability> on) {
  /** What each of these is called in the proposal's refusals, in the order it checks them. */
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
   * Checks what goes together.
   *
   * @throws FixedRamException if two capabilities do not, in the proposal's words
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

  /** These ones on, all others off. */
  public static MigrationCapabilities of(MigrationCapability... on) {
    return new MigrationCapabilities(Set.copyOf(Arrays.asList(on)));
  }

  /** The capabilities that make a format; none for a stream. */
  public static MigrationCapabilities of(SaveFormat format) {
    return switch (format) {
      case STREAM -> of();
      case FIXED_RAM -> of(MigrationCapability.FIXED_RAM);
      case MAPPED_RAM -> of(MigrationCapability.MAPPED_RAM);
    };
  }

  /** The same with some of them switched. */
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

  /** Whether one is on. */
  public boolean has(MigrationCapability capability) {
    return on.contains(capability);
  }

  /** Whether pages go to fixed offsets, so that the transport must be able to seek. */
  public boolean hasFixedOffsets() {
    return hasFixedOffsets(on);
  }

  /** What they make of a save. */
  public SaveFormat format() {
    if (has(MigrationCapability.FIXED_RAM)) {
      return SaveFormat.FIXED_RAM;
    }
    return has(MigrationCapability.MAPPED_RAM) ? SaveFormat.MAPPED_RAM : SaveFormat.STREAM;
  }

  /**
   * Returns if this engine can do all that is on.
   *
   * @throws FixedRamException naming what it can't
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
