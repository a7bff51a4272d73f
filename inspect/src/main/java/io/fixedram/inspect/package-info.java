// SPDX-License-Identifier: Apache-2.0
/** Looking into a guest. */
package io.fixedram.inspect;
