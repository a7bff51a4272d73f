// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import java.nio.file.Path;
import java.util.Optional;

/** The user's cache directory of this project. */
public final class CacheDirectory {
  private CacheDirectory() {}

  /**
   * Path of the directory, which need not exist (XDG Base Directory Specification: XDG_CACHE_HOME).
   */
  public static Path path() {
    Path parent =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(text -> !text.isEmpty())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home", "/"), ".cache"));
    return parent.resolve("fixedram");
  }
}
