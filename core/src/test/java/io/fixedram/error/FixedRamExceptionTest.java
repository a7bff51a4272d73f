// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import org.junit.jupiter.api.Test;

/** What can be done about a failure goes with it. */
class FixedRamExceptionTest {
  @Test
  void whoWrapsAFailureKeepsItsRemedies() {
    FixedRamException cause =
        new UnsupportedSaveException("why", Remedy.USE_STREAM, Remedy.LEAVE_PAUSED);
    assertThat(new FixedRamException("it failed: why", cause, Remedy.LEAVE_PAUSED).reason())
        .isEqualTo(Reason.of("it failed: why", Remedy.LEAVE_PAUSED, Remedy.USE_STREAM));
    assertThat(FixedRamException.of("it failed", cause)).isSameAs(cause);
    assertThat(new FixedRamException("x", new IllegalStateException(cause)).remedies()).isEmpty();
  }

  @Test
  void reasonsBecomeFailuresAndComeBack() {
    Reason reason = Reason.of("no", Remedy.CONVERT_TO_MAPPED_RAM);
    assertThat(new FixedRamException(reason).reason()).isEqualTo(reason);
    assertThat(reason.after("not possible: "))
        .isEqualTo(Reason.of("not possible: no", Remedy.CONVERT_TO_MAPPED_RAM));
  }

  /** It quotes what somebody else wrote. */
  @Test
  void endlessSentencesAreCut() {
    FixedRamException failure = new FixedRamException("x".repeat(1 << 20), new IOException("y"));
    assertThat(failure.sentence())
        .hasSize(8192 + 4)
        .endsWith("xx ...")
        .isEqualTo(failure.getMessage());
    assertThat(new FixedRamException("x".repeat(8192)).sentence()).hasSize(8192);
  }

  @Test
  void failuresCanBeSerialized() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new StorageException("no", 22, Remedy.WRITE_THROUGH_PAGE_CACHE));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(((StorageException) in.readObject()).reason())
          .isEqualTo(Reason.of("no", Remedy.WRITE_THROUGH_PAGE_CACHE));
    }
  }
}
