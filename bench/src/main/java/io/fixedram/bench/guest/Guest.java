// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.nio.file.Path;
import java.util.List;

/** What runs in a virtual machine: it fills its memory, says so, and idles or goes on writing. */
public sealed interface Guest permits LinuxGuest, OwnGuest {
  /** What it is, for a person. */
  String description();

  /** What QEMU boots it with. */
  List<String> words(Activity activity);

  /** Whether its serial line says that its memory is full. */
  boolean isReady(Path serial);

  /** What a guest does once its memory is full. */
  enum Activity {
    /** As little as it can. */
    IDLE,
    /** It goes on rewriting a part of its memory. */
    DIRTYING
  }
}
