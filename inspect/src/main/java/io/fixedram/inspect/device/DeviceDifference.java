// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.inspect.device.DeviceValue.Elements;
import io.fixedram.inspect.device.DeviceValue.Structure;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A field of a device that differs between A and B.
 *
 * @param device name of the device, with its instance if it is not the first
 * @param path names of the members from the device to the field, with the indexes of elements
 * @param valueA the value in A; empty if there is none
 * @param valueB the value in B; empty if there is none
 */
public record DeviceDifference(
    String device, String path, Optional<DeviceValue> valueA, Optional<DeviceValue> valueB) {

  /**
   * Compares all devices. A device that is only in one of the two, or decoded in one only, is one
   * difference without a path.
   */
  public static List<DeviceDifference> of(DeviceReader a, DeviceReader b) {
    Map<String, Structure> inA = states(a);
    Map<String, Structure> inB = states(b);
    Set<String> names = new LinkedHashSet<>(inA.keySet());
    names.addAll(inB.keySet());
    List<DeviceDifference> differences = new ArrayList<>();
    for (String name : names) {
      compare(
          name,
          "",
          Optional.ofNullable(inA.get(name)),
          Optional.ofNullable(inB.get(name)),
          differences);
    }
    return differences;
  }

  private static Map<String, Structure> states(DeviceReader reader) {
    Map<String, Structure> states = new LinkedHashMap<>();
    reader.forEach(device -> {
      String name =
          device.instance() == 0
              ? device.name()
              : device.name() + " " + Integer.toUnsignedString(device.instance());
      states.put(name, device.state().orElse(new Structure(Map.of())));
    });
    return states;
  }

  private static void compare(
      String device,
      String path,
      Optional<? extends DeviceValue> a,
      Optional<? extends DeviceValue> b,
      List<DeviceDifference> differences) {
    if (a.isPresent() && b.isPresent()) {
      if (a.get() instanceof Structure inA && b.get() instanceof Structure inB) {
        Set<String> members = new LinkedHashSet<>(inA.members().keySet());
        members.addAll(inB.members().keySet());
        for (String member : members) {
          String below = path.isEmpty() ? member : path + "." + member;
          compare(device, below, inA.find(member), inB.find(member), differences);
        }
        return;
      }
      if (a.get() instanceof Elements inA && b.get() instanceof Elements inB) {
        for (int i = 0; i < Math.max(inA.values().size(), inB.values().size()); i++) {
          compare(device, path + "[" + i + "]", element(inA, i), element(inB, i), differences);
        }
        return;
      }
      if (isSame(a.get(), b.get())) {
        return;
      }
    }
    differences.add(new DeviceDifference(device, path, a.map(each -> each), b.map(each -> each)));
  }

  private static Optional<DeviceValue> element(Elements elements, int index) {
    return index < elements.values().size()
        ? Optional.of(elements.values().get(index))
        : Optional.empty();
  }

  private static boolean isSame(DeviceValue a, DeviceValue b) {
    if (a instanceof DeviceValue.Bytes(MemorySegment inA)
        && b instanceof DeviceValue.Bytes(MemorySegment inB)) {
      return inA.mismatch(inB) < 0;
    }
    return a.equals(b);
  }
}
