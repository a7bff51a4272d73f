// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.testing.RecordedDisk.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * What a directory may contain after a crash of the host: a model of a file system that keeps only
 * what was synced, and of everything else whatever it likes.
 *
 * <ul>
 *   <li>Each sector of 512 bytes has, on its own, any of the contents that it has had since the
 *       last sync of its file: writes are lost, torn and reordered.
 *   <li>The size is any of those since the last sync: data without its size, which is lost, and a
 *       size without its data, which reads as zeros.
 *   <li>Each name means any of the files that it has meant since the last sync of the directory: a
 *       rename is there before the data, and the old name beside the new one.
 * </ul>
 *
 * <p>After each change some of the images are shown: the extremes, the ones in which a single
 * change was lost or is the only one that was not, torn ones, and random ones.
 */
public final class CrashImages {
  private final RecordedDisk disk;
  private final int randomImages;
  private final boolean all;
  private final Random random;
  private final Map<Integer, CrashedFile> files = new HashMap<>();
  private final Map<String, List<Optional<Integer>>> entries = new LinkedHashMap<>();
  private final Set<String> shown = new LinkedHashSet<>();
  private int points;
  private int images;

  /** Sees what a name may mean after a crash. */
  public interface Viewer {
    /**
     * Looks at an image.
     *
     * @param image the file of that name; empty if there is none
     * @param last whether the crash came after all changes
     */
    void look(String name, Optional<CrashImage> image, boolean last);
  }

  /**
   * Prepares images of what a program has done.
   *
   * @param randomImages number of random images after each change
   * @param all whether to lose each earlier change alone after each change, not only after some
   */
  public CrashImages(RecordedDisk disk, int randomImages, boolean all, Random random) {
    this.disk = disk;
    this.all = all;
    this.randomImages = randomImages;
    this.random = random;
    disk.before().forEach((file, content) -> files.put(file, CrashedFile.of(content)));
    disk.first().forEach(this::apply);
    apply(new Step.SyncEntries());
  }

  /** Number of instants at which a crash was tried. */
  public int points() {
    return points;
  }

  /** Number of different images that were shown. */
  public int images() {
    return images;
  }

  /** Shows images of a crash before the first change and after each. */
  public void show(Viewer viewer) {
    List<Step> steps = disk.steps();
    look(steps.isEmpty(), true, viewer);
    for (int i = 0; i < steps.size(); i++) {
      apply(steps.get(i));
      boolean last = i == steps.size() - 1;
      // Most is at stake where something other than a write follows.
      boolean thorough = all || last || !(steps.get(i + 1) instanceof Step.Write);
      look(last, thorough, viewer);
    }
  }

  private void apply(Step step) {
    switch (step) {
      case Step.Write write -> file(write.file()).change(write);
      case Step.Zeros zeros -> file(zeros.file()).change(zeros);
      case Step.Size size -> file(size.file()).change(size);
      case Step.Sync sync -> file(sync.file()).sync();
      case Step.Entry entry ->
          entries
              .computeIfAbsent(entry.name(), _ -> new ArrayList<>(List.of(Optional.empty())))
              .add(entry.file());
      case Step.SyncEntries _ ->
          entries.replaceAll((_, meanings) -> new ArrayList<>(List.of(meanings.getLast())));
    }
  }

  private CrashedFile file(int number) {
    return files.computeIfAbsent(number, _ -> CrashedFile.of(new byte[0]));
  }

  private void look(boolean last, boolean thorough, Viewer viewer) {
    points++;
    Map<Integer, List<CrashImage>> made = new HashMap<>();
    entries.forEach((name, meanings) -> {
      for (Optional<Integer> meaning : new LinkedHashSet<>(meanings)) {
        if (meaning.isEmpty()) {
          show(name, Optional.empty(), last, viewer);
          continue;
        }
        made.computeIfAbsent(
                meaning.get(), number -> file(number).images(thorough, randomImages, random))
            .forEach(image -> show(name, Optional.of(image), last, viewer));
      }
    });
  }

  /** The same image need not be looked at twice. */
  private void show(String name, Optional<CrashImage> image, boolean last, Viewer viewer) {
    if (shown.add(name + " " + last + " " + image.map(CrashImage::key).orElse(0L))) {
      images++;
      viewer.look(name, image, last);
    }
  }
}
