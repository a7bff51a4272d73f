// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.manifest.Differences;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.manifest.Manifest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Manifests: what was read is written and read as the same, and compared with itself. */
final class ManifestTarget implements FuzzTarget {
  /** Made by hand, with every member. */
  private static final String SEED =
      """
      {"manifest":1,"time":"2026-01-01T00:00:00Z","kernel":"6.1","ran_on":true,"qemu":{"version":\
      "7.2.0","package":"Debian","command":["qemu-system-x86_64","-m","64","-object",\
      "secret,id=s,data=x","-drive","file=http://u:p@h/d"],"directory":"/"},"machine":{"type":\
      "pc-i440fx-7.2","accelerator":"tcg","properties":{"smm":"auto"}},"cpu":{"model":"qemu64",\
      "count":1,"features":{"0x1.0.edx":1}},"blocks":[{"name":"pc.ram","used_length":67108864,\
      "page_size":4096}],"backends":[{"id":"m","bytes":4096,"file":"/f","shared":true}],\
      "memory_map":[{"address":0,"bytes":4096,"writable":true,"block":"pc.ram","offset":0}],\
      "devices":[{"path":"/machine/peripheral/r","type":"virtio-rng-pci"}],"pci":[{"address":\
      "05.0","id":"1af4:1005","description":"x"}],"disks":[{"drive":"d","node":"n","file":"/d",\
      "format":"qcow2","bytes":1,"read_only":false,"backing":"/b","snapshots":["1 a"],"host_file":\
      {"host":"h","device":1,"inode":2,"bytes":3,"modified":"2026-01-01T00:00:00Z","changed":\
      "2026-01-01T00:00:00.5Z"},"below":[]}]}\
      """;

  @Override
  public String name() {
    return "manifest";
  }

  @Override
  public void read(byte[] input) {
    Manifest manifest = Manifest.ofJson(new String(input, StandardCharsets.UTF_8));
    String json = manifest.toJson();
    Manifest again = Manifest.ofJson(json);
    if (!again.toJson().equals(json)) {
      throw new AssertionError("another manifest after writing and reading it");
    }
    Manifest masked = manifest.masked();
    if (!masked.masked().toJson().equals(masked.toJson())) {
      throw new AssertionError("what is masked is masked again");
    }
    var _ = masked.toPrettyJson();
    DiskState.of(manifest, manifest.guest().disks());
    Differences.between(manifest.guest(), again.guest());
    if (!manifest.guest().qemu().command().isEmpty()) {
      var _ = QemuCommandLine.of(manifest.guest().qemu().command()).words();
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(SEED.getBytes(StandardCharsets.UTF_8));
  }
}
