// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.migration.FlatView;
import io.fixedram.qemu.migration.Monitor;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Guest-visible memory from QEMU's monitor ("info mtree -f") with its addresses in QEMU
 * ("gpa2hva"): a second source for the addresses of RAM blocks.
 *
 * @param seen ranges of RAM or ROM that are visible for the guest
 */
record GuestAddresses(List<Seen> seen) {
  private static final Pattern ADDRESS =
      Pattern.compile("Host virtual address for 0x[0-9a-f]+ \\((.*)\\) is 0x([0-9a-f]{1,16})\\s*");

  /**
   * A guest-visible range.
   *
   * @param region name of the memory region, the last part of a block's name
   * @param host address of the first byte in QEMU
   * @param offset offset of that byte in the block
   */
  record Seen(String region, long host, long offset) {
    /** Address of the block's first byte in QEMU. */
    long start() {
      return host - offset;
    }
  }

  /** Queries a QEMU. */
  static GuestAddresses ask(QmpClient qmp) {
    List<Seen> seen = new ArrayList<>();
    for (FlatView.Range range : FlatView.ask(qmp).ranges()) {
      OptionalLong first = address(qmp, range.first(), range.region());
      OptionalLong last = address(qmp, range.last(), range.region());
      // A range that changes meanwhile is not RAM of the guest.
      if (first.isPresent()
          && last.isPresent()
          && last.getAsLong() - first.getAsLong() == range.last() - range.first()) {
        seen.add(new Seen(range.region(), first.getAsLong(), range.offset()));
      }
    }
    return new GuestAddresses(List.copyOf(seen));
  }

  private static OptionalLong address(QmpClient qmp, long guestAddress, String region) {
    String answer = Monitor.ask(qmp, "gpa2hva 0x" + Long.toHexString(guestAddress));
    return hostAddress(answer, region);
  }

  static OptionalLong hostAddress(String answer, String region) {
    Matcher matcher = ADDRESS.matcher(answer);
    return matcher.matches() && matcher.group(1).equals(region)
        ? OptionalLong.of(Long.parseUnsignedLong(matcher.group(2), 16))
        : OptionalLong.empty();
  }
}
