// SPDX-License-Identifier: Apache-2.0
/** QMP, the JSON protocol by which QEMU is controlled (QEMU's docs/interop/qmp-spec). */
package io.fixedram.qemu.qmp;
