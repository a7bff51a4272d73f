// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The rules that every module keeps, as tests: each module's {@code LayersTest} extends this and
 * names its packages. Tests run in the module's directory. All of a module's tests share one
 * instance, since reading its classes takes longer than looking at them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ModuleRules {
  private static final String ROOT = "io.fixedram.";
  private static final int MAX_CLASSES_OF_A_PACKAGE = 25;
  private static final int MAX_LINES_OF_A_CLASS = 400;

  /** By name, since the test kit depends on no other module. */
  private static final List<String> STORES =
      List.of(ROOT + "bytes.ByteStore", ROOT + "store.RamPages", ROOT + "store.PageStore");

  private static final Path CLASSES = Path.of("target", "classes");
  static final Path SOURCES = Path.of("src", "main", "java");
  private static final Path ARCHITECTURE = Path.of("..", "ARCHITECTURE.md");

  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?([a-z.]+)\\.[A-Z]", Pattern.MULTILINE);

  private final List<String> layers;
  private final JavaClasses classes = new ClassFileImporter().importPath(CLASSES);

  /**
   * Creates the rules of a module.
   *
   * @param layers packages of the module from the bottom up, without {@code io.fixedram.}; each may
   *     import only packages before it
   */
  protected ModuleRules(String... layers) {
    this.layers = Arrays.stream(layers).map(ROOT::concat).toList();
  }

  /** The classes of the module, without its tests. */
  protected final JavaClasses classes() {
    return classes;
  }

  @Test
  final void packagesImportDownwardOnly() {
    for (int i = 0; i < layers.size(); i++) {
      String layer = layers.get(i);
      Set<String> above = Set.copyOf(layers.subList(i + 1, layers.size()));
      noClasses()
          .that()
          .resideInAPackage(layer)
          .should()
          .dependOnClassesThat(
              describe("are in a layer above", other -> above.contains(other.getPackageName())))
          .check(classes);
    }
  }

  /** Checks sources as well, since imports for Javadoc only are not in class files. */
  @Test
  final void sourcesImportDownwardOnly() throws IOException {
    List<String> upward = new ArrayList<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        int own = layers.indexOf(packageOf(file));
        IMPORT
            .matcher(Files.readString(file))
            .results()
            .map(found -> found.group(1))
            .filter(imported -> own >= 0 && layers.indexOf(imported) > own)
            .forEach(imported -> upward.add(file + " imports " + imported));
      }
    }
    assertThat(upward).isEmpty();
  }

  private static String packageOf(Path file) {
    return SOURCES.relativize(file.getParent()).toString().replace('/', '.');
  }

  /** What only some stores can do is asked for by a method, never by the class of a store. */
  @Test
  final void nobodyLooksAtTheClassOfAStore() {
    assertThat(classes)
        .flatExtracting(JavaClass::getInstanceofChecks)
        .filteredOn(check -> STORES.stream().anyMatch(check.getRawType()::isAssignableTo))
        .isEmpty();
  }

  @Test
  final void everyPackageIsInTheOrder() {
    assertThat(packages().keySet()).containsExactlyInAnyOrderElementsOf(layers);
  }

  @Test
  final void packagesAreSmall() {
    assertThat(packages())
        .as("classes of each package")
        .allSatisfy((name, size) ->
            assertThat(size).as(name).isLessThanOrEqualTo(MAX_CLASSES_OF_A_PACKAGE));
  }

  @Test
  final void classesAreShort() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      assertThat(files.filter(file -> file.toString().endsWith(".java")))
          .isNotEmpty()
          .allSatisfy(file ->
              assertThat(Files.readAllLines(file).size())
                  .as("lines of " + file)
                  .isLessThanOrEqualTo(MAX_LINES_OF_A_CLASS));
    }
  }

  /** Number of top-level classes of each package. */
  private Map<String, Integer> packages() {
    return classes.stream()
        .filter(JavaClass::isTopLevelClass)
        .filter(each -> !each.getPackageName().isEmpty())
        .filter(each -> !each.getSimpleName().equals("package-info"))
        .collect(Collectors.toMap(JavaClass::getPackageName, _ -> 1, Integer::sum, TreeMap::new));
  }

  /**
   * Signatures of types in packages exported to all must not use packages that are not exported to
   * all.
   */
  @Test
  final void exportedTypesNeedExportedPackagesOnly() throws IOException {
    Set<String> toAll =
        ModuleLayer.boot().modules().stream()
            .flatMap(each -> packagesForAll(each.getDescriptor()))
            .collect(Collectors.toSet());
    assertThat(toAll)
        .as("tests run as a part of the module")
        .contains("java.lang")
        .containsAll(packagesForAll(module()).toList());
    List<String> hidden =
        classes.stream()
            .filter(each -> toAll.contains(each.getPackageName()) && isAccessible(each))
            .flatMap(
                each -> signature(each).map(used -> Map.entry(each, used.getBaseComponentType())))
            .filter(each -> !each.getValue().isPrimitive())
            .filter(each -> !toAll.contains(each.getValue().getPackageName()))
            .map(each -> each.getKey().getName() + " needs " + each.getValue().getName())
            .distinct()
            .sorted()
            .toList();
    assertThat(hidden).isEmpty();
  }

  private static Stream<String> packagesForAll(ModuleDescriptor module) {
    return module.isAutomatic()
        ? module.packages().stream()
        : module.exports().stream()
            .filter(each -> !each.isQualified())
            .map(ModuleDescriptor.Exports::source);
  }

  /** Whether a class is accessible for code of other packages. */
  private static boolean isAccessible(JavaClass type) {
    return isOpen(type.getModifiers())
        && type.getEnclosingClass().map(ModuleRules::isAccessible).orElse(true);
  }

  private static boolean isOpen(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  /** All types that a class exposes to other packages: its supertypes, and those in its members. */
  private static Stream<JavaClass> signature(JavaClass type) {
    Stream<JavaType> supertypes =
        Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
    return Stream.concat(
        supertypes.flatMap(each -> each.getAllInvolvedRawTypes().stream()),
        type.getMembers().stream()
            .filter(member -> isOpen(member.getModifiers()))
            .flatMap(member -> member.getAllInvolvedRawTypes().stream()));
  }

  private static ModuleDescriptor module() throws IOException {
    try (InputStream in = Files.newInputStream(CLASSES.resolve("module-info.class"))) {
      return ModuleDescriptor.read(in);
    }
  }

  @Test
  final void exportsAreThoseThatTheArchitectureLists() throws IOException {
    ModuleDescriptor module = module();
    List<String> cells = row(module.name());
    assertThat(exports(module, false)).as("exports to everybody").isEqualTo(names(cells.get(2)));
    assertThat(exports(module, true)).as("exports to our modules").isEqualTo(names(cells.get(3)));
  }

  /** The number of public types is limited, so that the API grows only deliberately. */
  @Test
  final void exportedTypesAreNoMoreThanTheArchitectureSays() throws IOException {
    ModuleDescriptor module = module();
    Set<String> toAll = packagesForAll(module).collect(Collectors.toSet());
    long types =
        classes.stream()
            .filter(JavaClass::isTopLevelClass)
            .filter(each -> toAll.contains(each.getPackageName()) && isAccessible(each))
            .count();
    String max = row(module.name()).get(4).strip();
    assertThat(types).as("types that everybody sees").isLessThanOrEqualTo(Long.parseLong(max));
  }

  /** The packages that the module exports to everybody, without {@code io.fixedram.}. */
  protected static Set<String> exportedToEverybody() throws IOException {
    return exports(module(), false);
  }

  private static Set<String> exports(ModuleDescriptor module, boolean qualified) {
    return module.exports().stream()
        .filter(each -> each.isQualified() == qualified)
        .map(each -> each.source().substring(ROOT.length()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The cells of the module's row in the table of exports; the first cell is empty. */
  private static List<String> row(String module) throws IOException {
    Optional<String> row =
        Files.readAllLines(ARCHITECTURE).stream()
            .filter(line -> line.startsWith("| `" + module + "` |"))
            .findFirst();
    assertThat(row).as("%s in ARCHITECTURE.md's table of exports", module).isPresent();
    return List.of(row.orElseThrow().split("\\|", -1));
  }

  private static Set<String> names(String cell) {
    return Pattern.compile("`([^`]+)`")
        .matcher(cell)
        .results()
        .map((MatchResult name) -> name.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
