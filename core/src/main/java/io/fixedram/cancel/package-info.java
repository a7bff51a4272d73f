// SPDX-License-Identifier: Apache-2.0
/** Requests to end work early, which every call that may take long hears. */
package io.fixedram.cancel;
