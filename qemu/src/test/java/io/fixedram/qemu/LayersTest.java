// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.testkit.ModuleRules;
import java.util.Set;

/** The rules of the module, and the order of its packages. */
class LayersTest extends ModuleRules {
  LayersTest() {
    super("qemu.guest", "qemu.process", "qemu.qmp", "qemu.command", "qemu");
  }

  @Override
  protected Set<String> oversized() {
    return Set.of("io.fixedram.qemu", "GuestRestore.java");
  }
}
