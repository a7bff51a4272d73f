// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import java.lang.module.ModuleDescriptor;

/** The version of this program. */
final class Version {
  private Version() {}

  /** The line that {@code --version} prints. */
  static String text() {
    ModuleDescriptor descriptor = Main.class.getModule().getDescriptor();
    String version = descriptor == null ? "" : descriptor.rawVersion().orElse("");
    return "fixedram " + (version.isEmpty() ? "(version unknown)" : version) + "\n";
  }
}
