// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.nio.file.Path;
import java.util.List;

/** A guest for benchmarks: it fills its memory, reports that, and then idles or keeps writing. */
public sealed interface Guest permits LinuxGuest, OwnGuest {
  /** Description of the guest for users. */
  String description();

  /** QEMU options that boot the guest. */
  List<String> words(Activity activity);

  /** Whether the guest has reported on its serial line that its memory is filled. */
  boolean isReady(Path serial);

  /** Activity of a guest after its memory is filled. */
  enum Activity {
    /** The guest idles as far as possible. */
    IDLE,
    /** The guest keeps rewriting a part of its memory. */
    DIRTYING
  }
}
