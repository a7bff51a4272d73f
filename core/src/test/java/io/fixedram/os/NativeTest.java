// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.testing.ChildJava;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NativeTest {
  /** Opens a directory, and prints what that says. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      try {
        Descriptor.open(Path.of("/"), Descriptor.Mode.DIRECTORY).close();
        System.out.println("opened");
      } catch (FixedRamException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void saysWhichOptionIsMissing() throws IOException, InterruptedException {
    assertThat(ChildJava.run(Child.class, List.of("--illegal-native-access=deny"), List.of()))
        .isEqualTo(
            new ChildJava.Result(
                0,
                "native access is not permitted: start Java with"
                    + " --enable-native-access=io.fixedram.core (ALL-UNNAMED on the class path)"));
  }

  @Test
  void needsNothingElse() throws IOException, InterruptedException {
    List<String> options =
        List.of("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED");
    assertThat(ChildJava.run(Child.class, options, List.of()))
        .isEqualTo(new ChildJava.Result(0, "opened"));
  }
}
