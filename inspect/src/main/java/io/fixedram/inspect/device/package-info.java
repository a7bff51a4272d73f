// SPDX-License-Identifier: Apache-2.0
/** The state of a guest's devices, decoded by the description that QEMU adds to it. */
package io.fixedram.inspect.device;
