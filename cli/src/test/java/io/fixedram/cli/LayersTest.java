// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import io.fixedram.testkit.ModuleRules;
import org.junit.jupiter.api.Test;

/** The rules of the module, and the order of its packages. */
class LayersTest extends ModuleRules {
  LayersTest() {
    super(
        "cli.host",
        "cli.console",
        "cli.args",
        "cli.command",
        "cli.input",
        "cli.demo",
        "cli.training",
        "cli.inspect",
        "cli");
  }

  @Test
  void grammarKnowsNeitherHostNorQemu() {
    noClasses()
        .that()
        .resideInAPackage("io.fixedram.cli.args")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.fixedram.cli.host", "io.fixedram.qemu..")
        .check(classes());
  }

  @Test
  void onlyTheParserUsesCommonsCli() {
    noClasses()
        .that()
        .doNotHaveSimpleName("ArgumentParser")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.commons.cli..")
        .check(classes());
  }

  @Test
  void onlyTheInterruptionEndsTheProcess() {
    noClasses()
        .that()
        .doNotHaveSimpleName("Interruption")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(classes());
  }
}
