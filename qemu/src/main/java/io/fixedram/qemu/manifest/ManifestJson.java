// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.manifest.DeviceFacts.Device;
import io.fixedram.qemu.manifest.DeviceFacts.PciFunction;
import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.manifest.MemoryFacts.Backend;
import io.fixedram.qemu.manifest.MemoryFacts.Block;
import io.fixedram.qemu.manifest.MemoryFacts.Range;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QemuVersion;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JSON form of a manifest, see docs/manifest.md. Unknown members are ignored. */
final class ManifestJson {
  private static final int VERSION = 1;
  private static final Pattern QEMU_VERSION =
      Pattern.compile("([0-9]{1,4})\\.([0-9]{1,4})\\.([0-9]{1,4})");

  private ManifestJson() {}

  static String text(Manifest manifest) {
    GuestFacts guest = manifest.guest();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("manifest", VERSION);
    json.put("time", manifest.time().toString());
    json.put("kernel", manifest.kernel());
    json.put("ran_on", manifest.ranOn());
    json.put("qemu", qemu(guest.qemu()));
    json.put("machine", machine(guest.machine()));
    json.put("cpu", cpu(guest.cpu()));
    json.put("blocks", list(guest.memory().blocks(), ManifestJson::block));
    json.put("backends", list(guest.memory().backends(), ManifestJson::backend));
    json.put("memory_map", list(guest.memory().map(), ManifestJson::range));
    json.put("devices", list(guest.devices().added(), ManifestJson::device));
    json.put("pci", list(guest.devices().pci(), ManifestJson::function));
    json.put("disks", list(guest.disks().list(), ManifestJson::disk));
    return Json.of(json).toString();
  }

  private static <T> List<Map<String, Object>> list(
      List<T> items, Function<T, Map<String, Object>> object) {
    return items.stream().map(object).toList();
  }

  private static Map<String, Object> qemu(QemuFacts qemu) {
    Map<String, Object> json = new LinkedHashMap<>();
    QemuVersion version = qemu.version();
    json.put("version", version.major() + "." + version.minor() + "." + version.micro());
    json.put("package", qemu.pack());
    json.put("command", qemu.command());
    qemu.directory().ifPresent(path -> json.put("directory", path.toString()));
    return json;
  }

  private static Map<String, Object> machine(MachineFacts machine) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", machine.type());
    json.put("accelerator", machine.accelerator());
    json.put("properties", machine.properties());
    return json;
  }

  private static Map<String, Object> cpu(CpuFacts cpu) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", cpu.model());
    json.put("count", cpu.count());
    json.put("features", cpu.features());
    return json;
  }

  private static Map<String, Object> block(Block block) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", block.name());
    json.put("used_length", block.usedLength());
    json.put("page_size", block.pageSize());
    return json;
  }

  private static Map<String, Object> backend(Backend backend) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", backend.id());
    json.put("bytes", backend.bytes());
    backend.file().ifPresent(path -> json.put("file", path.toString()));
    json.put("shared", backend.shared());
    return json;
  }

  private static Map<String, Object> range(Range range) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("address", range.address());
    json.put("bytes", range.bytes());
    json.put("writable", range.writable());
    range.block().ifPresent(name -> json.put("block", name));
    json.put("offset", range.offset());
    return json;
  }

  private static Map<String, Object> device(Device device) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("path", device.path());
    json.put("type", device.type());
    return json;
  }

  private static Map<String, Object> function(PciFunction function) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("address", function.address());
    json.put("id", function.id());
    json.put("description", function.description());
    return json;
  }

  private static Map<String, Object> disk(Disk disk) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("drive", disk.drive());
    json.put("node", disk.node());
    json.put("file", disk.file());
    json.put("format", disk.format());
    json.put("bytes", disk.bytes());
    json.put("read_only", disk.readOnly());
    disk.backing().ifPresent(file -> json.put("backing", file));
    json.put("snapshots", disk.snapshots());
    disk.hostFile().ifPresent(file -> json.put("host_file", hostFile(file)));
    json.put("below", list(disk.below(), ManifestJson::hostFile));
    json.put("chain", disk.chain());
    disk.overlay().ifPresent(file -> json.put("overlay", file));
    return json;
  }

  private static Map<String, Object> hostFile(HostFile file) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("host", file.host());
    json.put("device", file.device());
    json.put("inode", file.inode());
    json.put("bytes", file.bytes());
    json.put("modified", file.modified().toString());
    json.put("changed", file.changed().toString());
    return json;
  }

  static Manifest parse(String text) {
    Json json = Json.parse(text);
    long version = json.get("manifest").number();
    if (version != VERSION) {
      throw new FixedRamException(
          "the manifest has version " + version + ", and this program reads version " + VERSION);
    }
    return new Manifest(
        time(json.get("time")),
        json.get("kernel").text(),
        json.get("ran_on").flag(),
        new GuestFacts(
            readQemu(json.get("qemu")),
            readMachine(json.get("machine")),
            readCpu(json.get("cpu")),
            new MemoryFacts(
                items(json, "blocks", ManifestJson::readBlock),
                items(json, "backends", ManifestJson::readBackend),
                items(json, "memory_map", ManifestJson::readRange)),
            new DeviceFacts(
                items(json, "devices", ManifestJson::readDevice),
                items(json, "pci", ManifestJson::readFunction)),
            new DiskFacts(items(json, "disks", ManifestJson::readDisk))));
  }

  private static <T> List<T> items(Json json, String member, Function<Json, T> read) {
    return json.get(member).items().stream().map(read).toList();
  }

  private static Instant time(Json json) {
    try {
      return Instant.parse(json.text());
    } catch (DateTimeException e) {
      throw new FixedRamException("the manifest has a time that is none: " + json.text(), e);
    }
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new FixedRamException("the manifest has a path that is none: " + text, e);
    }
  }

  private static QemuFacts readQemu(Json json) {
    String text = json.get("version").text();
    Matcher version = QEMU_VERSION.matcher(text);
    if (!version.matches()) {
      throw new FixedRamException("the manifest has a QEMU version that is none: " + text);
    }
    return new QemuFacts(
        new QemuVersion(
            Integer.parseInt(version.group(1)),
            Integer.parseInt(version.group(2)),
            Integer.parseInt(version.group(3))),
        json.get("package").text(),
        items(json, "command", ManifestJson::word),
        json.findText("directory").map(ManifestJson::path));
  }

  /** A word of a command, in which no program can have a NUL. */
  private static String word(Json json) {
    String word = json.text();
    if (word.indexOf('\0') >= 0) {
      throw new FixedRamException("the manifest has a command with a NUL: " + word);
    }
    return word;
  }

  private static MachineFacts readMachine(Json json) {
    NavigableMap<String, String> properties = new TreeMap<>();
    json.get("properties").members().forEach((name, value) -> properties.put(name, value.text()));
    return new MachineFacts(json.get("type").text(), json.get("accelerator").text(), properties);
  }

  private static CpuFacts readCpu(Json json) {
    NavigableMap<String, Long> features = new TreeMap<>();
    json.get("features").members().forEach((name, value) -> features.put(name, value.number()));
    return new CpuFacts(
        json.get("model").text(),
        Math.clamp(json.get("count").number(), 0, Integer.MAX_VALUE),
        features);
  }

  private static Block readBlock(Json json) {
    return new Block(
        json.get("name").text(), json.get("used_length").number(), json.get("page_size").number());
  }

  private static Backend readBackend(Json json) {
    return new Backend(
        json.get("id").text(),
        json.get("bytes").number(),
        json.findText("file").map(ManifestJson::path),
        json.get("shared").flag());
  }

  private static Range readRange(Json json) {
    return new Range(
        json.get("address").number(),
        json.get("bytes").number(),
        json.get("writable").flag(),
        json.findText("block"),
        json.get("offset").number());
  }

  private static Device readDevice(Json json) {
    return new Device(json.get("path").text(), json.get("type").text());
  }

  private static PciFunction readFunction(Json json) {
    return new PciFunction(
        json.get("address").text(), json.get("id").text(), json.get("description").text());
  }

  private static Disk readDisk(Json json) {
    return new Disk(
        json.get("drive").text(),
        json.get("node").text(),
        json.get("file").text(),
        json.get("format").text(),
        json.get("bytes").number(),
        json.get("read_only").flag(),
        json.findText("backing"),
        items(json, "snapshots", Json::text),
        json.find("host_file").map(ManifestJson::readHostFile),
        items(json, "below", ManifestJson::readHostFile),
        json.find("chain").isPresent() ? items(json, "chain", Json::text) : List.of(),
        json.findText("overlay"));
  }

  private static HostFile readHostFile(Json json) {
    return new HostFile(
        json.get("host").text(),
        json.get("device").number(),
        json.get("inode").number(),
        json.get("bytes").number(),
        time(json.get("modified")),
        time(json.get("changed")));
  }
}
