// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect;

import io.fixedram.testkit.LibraryRules;

/** The rules of the module, and the order of its packages. */
class LayersTest extends LibraryRules {
  LayersTest() {
    super(
        "inspect.block",
        "inspect.device",
        "inspect.address",
        "inspect.diff",
        "inspect.find",
        "inspect.export",
        "inspect");
  }
}
