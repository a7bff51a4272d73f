// SPDX-License-Identifier: Apache-2.0
/** Implementation of {@code fixedram demo}. */
package io.fixedram.cli.demo;
