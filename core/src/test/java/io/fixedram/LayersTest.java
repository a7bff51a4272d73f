// SPDX-License-Identifier: Apache-2.0
package io.fixedram;

import io.fixedram.testkit.LibraryRules;

/** The rules of the module, and the order of its packages. */
class LayersTest extends LibraryRules {
  LayersTest() {
    super(
        "error",
        "cancel",
        "os",
        "key",
        "bytes",
        "guest",
        "fingerprint",
        "wire",
        "stream",
        "layout",
        "fixed",
        "seal",
        "store",
        "mapping",
        "parallel",
        "publish",
        "verify",
        "write",
        "migration",
        "memory",
        "engine",
        "pageserver");
  }
}
