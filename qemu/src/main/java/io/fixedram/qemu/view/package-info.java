// SPDX-License-Identifier: Apache-2.0
/** Looking into the guest of a running QEMU. */
package io.fixedram.qemu.view;
