// SPDX-License-Identifier: Apache-2.0
package io.fixedram;

import io.fixedram.testkit.ModuleRules;
import java.util.Set;

/** The rules of the module, and the order of its packages. */
class LayersTest extends ModuleRules {
  LayersTest() {
    super(
        "error",
        "cancel",
        "os",
        "bytes",
        "guest",
        "stream",
        "layout",
        "store",
        "publish",
        "write",
        "engine",
        "pageserver");
  }

  @Override
  protected Set<String> oversized() {
    return Set.of("io.fixedram.engine", "PageServer.java");
  }
}
