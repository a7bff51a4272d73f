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

  /** Longer words, which are texts for the guest, are masked as a whole. */
  private static final int MAX_CHARS = 4096;

  /** A key with its value, up to a comma that is not doubled, or a member of a JSON object. */
  private static final String VALUE = "(?:=(?:[^,]++|,,)*+|\"\\s*:\\s*\"(?:[^\"\\\\]++|\\\\.)*+\")";

  private static final Pattern PASSWORD =
      Pattern.compile(
          "(?:(?<![\\w/.-])|(?<=(?:^|,)[\\w.-]{1,99}\\.))(password|passwd|data|string)" + VALUE);

  private static final Pattern SMBIOS = Pattern.compile("(?<![\\w-])(value)" + VALUE);

  /** The key of a Ceph user, in an address of an image. */
  private static final Pattern CEPH = Pattern.compile("(?<=^|[:,=])(key)=(?:[^:,]++|,,)*+");

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
    if (word.length() > MAX_CHARS) {
      return MASK;
    }
    String known = masked(PASSWORD, word);
    String all = option.matches("--?smbios") ? masked(SMBIOS, known) : known;
    String named = all.contains("rbd:") ? masked(CEPH, all) : all;
    return USER.matcher(named).replaceAll(MASK + "@");
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
