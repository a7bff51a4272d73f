// SPDX-License-Identifier: Apache-2.0
/** What {@code fixedram demo} shows. */
package io.fixedram.cli.demo;
