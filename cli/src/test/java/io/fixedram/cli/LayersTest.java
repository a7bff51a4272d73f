// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The packages of the command import downward only: commands, then what they do, then grammar, host
 * and console.
 */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target", "classes"));

  @Test
  void consoleKnowsNeitherGrammarNorCommands() {
    noClasses()
        .that()
        .resideInAPackage("io.fixedram.cli.console")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.fixedram.cli",
            "io.fixedram.cli.args",
            "io.fixedram.cli.demo",
            "io.fixedram.cli.host",
            "io.fixedram.cli.bench..")
        .check(CLASSES);
  }

  @Test
  void grammarKnowsNoCommand() {
    noClasses()
        .that()
        .resideInAPackage("io.fixedram.cli.args")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.fixedram.cli",
            "io.fixedram.cli.demo",
            "io.fixedram.cli.host",
            "io.fixedram.cli.bench..",
            "io.fixedram.qemu..")
        .check(CLASSES);
  }

  @Test
  void hostKnowsNoCommand() {
    noClasses()
        .that()
        .resideInAPackage("io.fixedram.cli.host")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.fixedram.cli",
            "io.fixedram.cli.args",
            "io.fixedram.cli.bench..",
            "io.fixedram.cli.console",
            "io.fixedram.cli.demo")
        .check(CLASSES);
  }

  @Test
  void guestsAndResultsOfABenchmarkKnowNoRivals() {
    noClasses()
        .that()
        .resideInAnyPackage("io.fixedram.cli.bench.guest", "io.fixedram.cli.bench.result")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.fixedram.cli", "io.fixedram.cli.args", "io.fixedram.cli.bench")
        .check(CLASSES);
  }

  @Test
  void onlyTheParserUsesCommonsCli() {
    noClasses()
        .that()
        .doNotHaveSimpleName("ArgumentParser")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.commons.cli..")
        .check(CLASSES);
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
        .check(CLASSES);
  }

  @Test
  void everyClassIsInAKnownPackage() {
    classes()
        .should()
        .resideInAnyPackage(
            "io.fixedram.cli",
            "io.fixedram.cli.args",
            "io.fixedram.cli.console",
            "io.fixedram.cli.bench",
            "io.fixedram.cli.bench.guest",
            "io.fixedram.cli.bench.result",
            "io.fixedram.cli.demo",
            "io.fixedram.cli.host",
            "")
        .check(CLASSES);
  }
}
