// SPDX-License-Identifier: Apache-2.0
/** Commands that look into saves and running guests. */
package io.fixedram.cli.inspect;
