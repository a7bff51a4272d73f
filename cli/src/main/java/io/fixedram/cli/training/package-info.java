// SPDX-License-Identifier: Apache-2.0
/** What takes the place of a QEMU while Java records the classes of typical commands. */
package io.fixedram.cli.training;
