// SPDX-License-Identifier: Apache-2.0
/** How fast saved guests come back: fixedram's ways beside QEMU's own, on the same guests. */
package io.fixedram.bench.restore;
