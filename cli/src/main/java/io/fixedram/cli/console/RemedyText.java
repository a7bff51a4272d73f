// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Words remedies for failures and warnings with options of the command line: the only place that
 * names options for what the library reports.
 */
public final class RemedyText {
  private RemedyText() {}

  /** A reason and its remedies in one sentence. */
  public static String sentence(Reason reason) {
    return Stream.concat(
            Stream.of(reason.sentence()), reason.remedies().stream().map(RemedyText::words))
        .collect(Collectors.joining("; "));
  }

  /** A remedy as a part of a sentence. */
  public static String words(Remedy remedy) {
    return switch (remedy) {
      case USE_STREAM -> "--via stream works here";
      case RESTORE_LAZILY -> "--via lazy may work";
      case RESTORE_IN_PLACE -> "--via memory may work";
      case CONVERT_TO_MAPPED_RAM ->
          "'fixedram convert --to mapped-ram FILE NEW' makes a suitable file";
      case SIGN_A_COPY -> "'fixedram convert --key-file KEY --to mapped-ram FILE NEW' signs a copy";
      case DO_WITHOUT_KEY -> "without --key-file it is read as any other";
      case SEAL -> "'fixedram seal FILE' adds them";
      case NAME_PROCESS -> "--pid N gives the id of QEMU's process";
      case WRITE_ELSEWHERE -> "make room there, or give a FILE on another disk";
      case DO_NOT_RESERVE -> "leave out --prealloc";
      case WRITE_THROUGH_PAGE_CACHE -> "use --direct-io auto or off";
      case HAVE_QEMU_STARTED -> "'-- QEMU-COMMAND' instead of --qmp starts one for it";
      case RESTORE_INTO_WAITING_QEMU ->
          "or start QEMU yourself with '-incoming defer', and give its QMP socket with --qmp";
      case DETACH_QEMU -> "--detach leaves QEMU running when the restore is done";
      case ACCEPT_CHANGED_DISKS -> "--force-disks restores it nevertheless";
      case NAME_OVERLAY_DIRECTORY -> "--overlay-dir DIR names one";
      case SNAPSHOT_DISKS -> "--disk-snapshot keeps the disks of this moment for it";
      case USE_NEW_OVERLAYS ->
          "--new-overlays DIR has the guest write to new overlays, as often as it is restored";
      case LEAVE_PAUSED -> "--paused leaves it stopped";
      case RECEIVE_OVER_TCP ->
          "'fixedram receive FILE --listen tcp:HOST:PORT' saves what QEMU is told to migrate there";
      case SEND_OVER_TCP ->
          "tell QEMU 'migrate-incoming tcp:HOST:PORT' and run"
              + " 'fixedram send FILE --connect tcp:HOST:PORT'";
    };
  }
}
