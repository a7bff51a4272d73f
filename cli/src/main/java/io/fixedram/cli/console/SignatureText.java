// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.layout.SaveSeal;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** What is said of a save's signature. */
public final class SignatureText {
  private SignatureText() {}

  /** The state in JSON. */
  public static String word(SaveSeal.Signature signature) {
    return switch (signature) {
      case NONE -> "none";
      case NOT_CHECKED -> "not checked";
      case CHECKED -> "checked";
    };
  }

  /** The end of a summary: nothing for a save without a signature. */
  public static String clause(SaveSeal.Signature signature) {
    return switch (signature) {
      case NONE -> "";
      case NOT_CHECKED -> "; signature not checked";
      case CHECKED -> "; signature checked";
    };
  }

  /** The same of a save that may have no seal. */
  public static String clause(Optional<SaveSeal> seal) {
    return clause(of(seal));
  }

  /** The signature of a save that may have no seal. */
  public static SaveSeal.Signature of(Optional<SaveSeal> seal) {
    return seal.map(SaveSeal::signature).orElse(SaveSeal.Signature.NONE);
  }

  /** Writes the state. */
  public static void write(JsonGenerator json, SaveSeal.Signature signature) {
    json.writeStringProperty("signature", word(signature));
  }
}
