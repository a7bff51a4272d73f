// SPDX-License-Identifier: Apache-2.0
/**
 * What a migration is told and tells, in QEMU's terms and spellings: capabilities, parameters,
 * statuses and counters.
 */
package io.fixedram.migration;
