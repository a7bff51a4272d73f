// SPDX-License-Identifier: Apache-2.0
package io.fixedram;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.Architectures;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Packages of the core import downward only, and each of them has its place in the order. */
class LayersTest {
  /** From the bottom up. */
  private static final List<String> LAYERS =
      List.of("error", "os", "guest", "stream", "layout", "store", "write", "engine", "pageserver");

  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target", "classes"));

  @Test
  void importDownwardOnly() {
    Architectures.LayeredArchitecture order =
        Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("io.fixedram..")
            .withOptionalLayers(true);
    for (String layer : LAYERS) {
      order = order.layer(layer).definedBy("io.fixedram." + layer + "..");
    }
    for (int i = 0; i < LAYERS.size(); i++) {
      List<String> lower = LAYERS.subList(0, i);
      order =
          lower.isEmpty()
              ? order.whereLayer(LAYERS.get(i)).mayNotAccessAnyLayer()
              : order.whereLayer(LAYERS.get(i)).mayOnlyAccessLayers(lower.toArray(String[]::new));
    }
    order.check(CLASSES);
  }

  @Test
  void everyPackageIsInTheOrder() {
    assertThat(CLASSES.stream().map(JavaClass::getPackageName).filter(name -> !name.isEmpty()))
        .isNotEmpty()
        .allMatch(name -> LAYERS.stream().anyMatch(layer -> isIn(name, "io.fixedram." + layer)));
  }

  private static boolean isIn(String name, String packageName) {
    return name.equals(packageName) || name.startsWith(packageName + ".");
  }
}
