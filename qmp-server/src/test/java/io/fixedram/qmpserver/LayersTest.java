// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import io.fixedram.testkit.LibraryRules;
import org.junit.jupiter.api.Test;

/** The rules of the module, which is one package. */
class LayersTest extends LibraryRules {
  LayersTest() {
    super("qmpserver");
  }

  @Test
  void nothingOfQemuIsUsedButItsQmp() {
    noClasses()
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.fixedram.qemu..")
                .and(not(resideInAPackage("io.fixedram.qemu.qmp"))))
        .check(classes());
  }
}
