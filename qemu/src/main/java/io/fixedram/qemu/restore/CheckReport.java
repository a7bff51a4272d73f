// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.qmp.QemuVersion;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Result of a {@link RestoreCheck}.
 *
 * @param qemu version of the QEMU that was started
 * @param compared whether the save has a manifest, which was compared with the QEMU; without one,
 *     only RAM blocks, machine type and PCI addresses are known
 * @param obstacle reason why QEMU can't load the save in any mode
 * @param differences differences between the saved guest and the QEMU, without disks
 * @param disks states of the guest's disks
 * @param modes each restore mode, with the reason why it is not possible if it is not; empty if
 *     QEMU can't load the save in any mode
 */
public record CheckReport(
    QemuVersion qemu,
    boolean compared,
    Optional<Reason> obstacle,
    List<GuestDifference> differences,
    List<DiskState> disks,
    Map<RestoreMode, Optional<Reason>> modes) {
  /** Copies the collections. */
  public CheckReport {
    differences = List.copyOf(differences);
    disks = List.copyOf(disks);
    modes = Map.copyOf(modes);
  }

  /**
   * Whether the guest can be restored by the command without differences that it may fail of. Disks
   * whose content can't be proven don't count.
   */
  public boolean fits() {
    return obstacle.isEmpty()
        && differences.stream()
            .allMatch(each -> each.effect() == GuestDifference.Effect.GUEST_MAY_NOTICE)
        && disks.stream().noneMatch(DiskState.Changed.class::isInstance);
  }
}
