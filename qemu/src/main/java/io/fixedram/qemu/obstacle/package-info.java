// SPDX-License-Identifier: Apache-2.0
/**
 * Why a way to save or restore a guest is not possible, as types that a program can switch on. Each
 * kind of obstacle is a record of its facts, which gives the sentence for people as well.
 */
package io.fixedram.qemu.obstacle;
