// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.bytes.LocalFile;
import io.fixedram.layout.SaveSeal;
import io.fixedram.store.PageStore;
import java.util.Optional;

/** Whether the signature of a save holds where QEMU reads the file itself. */
public final class SignatureChecks {
  private SignatureChecks() {}

  /**
   * The reason why what QEMU reads may be something else than what was signed, as a clause; empty
   * if it is the same, or the save's signature was not checked.
   *
   * @param verified whether all of the save was verified
   */
  public static Optional<String> notKept(PageStore save, boolean verified) {
    Optional<LocalFile> file = save.localFile();
    boolean checked =
        save.seal().filter(seal -> seal.signature() == SaveSeal.Signature.CHECKED).isPresent();
    if (!checked || file.isEmpty()) {
      return Optional.empty();
    }
    return verified
        ? OtherWriters.of(file.get().path())
        : Optional.of("QEMU reads the pages itself, which must be verified first for that");
  }
}
