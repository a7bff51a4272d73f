// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JsonParser;
import tools.jackson.jr.ob.JSON;

/** {@link ForeignReader} where every user can start it, in a directory that is open to all. */
final class ForeignProgram {
  private static final List<Class<?>> NEEDED =
      List.of(RamBlock.class, QmpClient.class, JSON.class, JsonParser.class);

  private static final List<Class<?>> OF_TESTS = List.of(ForeignReader.class, StoredBlocks.class);

  static final List<String> AS_NOBODY =
      List.of("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--");

  private final Path directory;
  private final List<String> classPath = new ArrayList<>();

  private ForeignProgram(Path directory) {
    this.directory = directory;
  }

  /** Copies the program; skips the test where no other user can be become. */
  static ForeignProgram in(Path parent) throws IOException, URISyntaxException {
    assumeTrue(
        System.getProperty("user.name").equals("root")
            && Files.isExecutable(Path.of(AS_NOBODY.getFirst())),
        "only root can start programs as another user, with setpriv");
    Path directory = Files.createDirectory(parent.resolve("open"));
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    ForeignProgram program = new ForeignProgram(directory);
    for (Class<?> needed : NEEDED) {
      Path from = Path.of(needed.getProtectionDomain().getCodeSource().getLocation().toURI());
      program.copy(from, directory.resolve("classes" + program.classPath.size()));
    }
    program.copyTests(directory.resolve("tests"));
    return program;
  }

  private void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path each : files.toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
    classPath.add(to.toString());
  }

  private void copyTests(Path to) throws IOException {
    for (Class<?> type : OF_TESTS) {
      Path file = to.resolve(type.getName().replace('.', '/') + ".class");
      Files.createDirectories(file.getParent());
      for (String part : List.of("", "$1")) {
        String name = type.getSimpleName() + part + ".class";
        try (InputStream in = type.getResourceAsStream(name)) {
          if (in != null) {
            Files.write(file.resolveSibling(name), in.readAllBytes());
          }
        }
      }
    }
    classPath.add(to.toString());
  }

  /** The directory that is open to all. */
  Path directory() {
    return directory;
  }

  /**
   * Runs it.
   *
   * @param starter words that start it
   * @param file the save that it is to write; none if it is only to read
   * @return the refusal, and its sentence; or that it could read
   */
  String run(List<String> starter, Path socket, Path... file)
      throws IOException, InterruptedException {
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> words = new ArrayList<>(starter);
    words.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + directory,
            "-cp",
            String.join(":", classPath),
            ForeignReader.class.getName(),
            socket.toString()));
    Stream.of(file).forEach(each -> words.add(each.toString()));
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    // Its sockets need a short path, in a directory that every user may write to.
    builder.environment().put("XDG_RUNTIME_DIR", "/var/tmp");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }
}
