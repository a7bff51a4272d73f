// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Masks values in a QEMU command line that may be secrets: passwords, data of secret objects, texts
 * for the guest's firmware and boot (fw_cfg, SMBIOS), and user information in addresses. Secrets
 * elsewhere, such as in the kernel's command line, are not recognized.
 */
public final class SecretWords {
  private static final String MASK = "***";

  /** A key with its value, up to a comma that is not doubled, or a member of a JSON object. */
  private static final String VALUE = "(?:=(?:,,|[^,])*|\"\\s*:\\s*\"(?:\\\\.|[^\"\\\\])*\")";

  private static final Pattern PASSWORD =
      Pattern.compile("(?<![\\w/.-])(password|passwd|data|string)" + VALUE);

  private static final Pattern SMBIOS = Pattern.compile("(?<![\\w-])(value)" + VALUE);
  private static final Pattern USER = Pattern.compile("(?<=://)[^/@,]*@");

  private SecretWords() {}

  /** The words with masks. */
  public static List<String> masked(List<String> words) {
    List<String> masked = new ArrayList<>();
    String before = "";
    for (String word : words) {
      masked.add(masked(before, word));
      before = word;
    }
    return List.copyOf(masked);
  }

  private static String masked(String option, String word) {
    String known = masked(PASSWORD, word);
    String all = option.matches("--?smbios") ? masked(SMBIOS, known) : known;
    return USER.matcher(all).replaceAll(MASK + "@");
  }

  private static String masked(Pattern secret, String word) {
    return secret
        .matcher(word)
        .replaceAll(found ->
            found.group().contains(":") && found.group().contains("\"")
                ? found.group(1) + "\": \"" + MASK + "\""
                : found.group(1) + "=" + MASK);
  }
}
