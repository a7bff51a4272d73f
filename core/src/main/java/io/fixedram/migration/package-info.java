// SPDX-License-Identifier: Apache-2.0
/**
 * Settings and state of a migration in QEMU's terms and spellings: capabilities, parameters, status
 * and counters.
 */
package io.fixedram.migration;
