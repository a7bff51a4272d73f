// SPDX-License-Identifier: Apache-2.0
/** A guest's memory by the addresses that the guest uses. */
package io.fixedram.inspect.address;
