// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.testkit.ModuleRules;

/** The rules of the module, and the order of its packages. */
class LayersTest extends ModuleRules {
  LayersTest() {
    super("bench.host", "bench.result", "bench.guest", "bench");
  }
}
