# SPDX-License-Identifier: Apache-2.0
#
# SHA-256 (FIPS 180-4) of pages, for x86-64 Linux on processors with the SHA extensions:
#
#   void sha256(long pages, long page_bytes, const void *from, void *into);
#
# Writes 32 bytes for each page to `into`, which are zeros for a page of zeros. page_bytes is a
# multiple of 64 below 2^29. The Java class io.fixedram.fingerprint.PageDigest computes the same by
# Java's own SHA-256, which is as fast only when the second JIT compiler has compiled its caller.
#
# The code is position-independent and calls nothing. Rebuild with GNU binutils, from this directory:
#
#   as --64 -mx86-used-note=no -o /tmp/sha256.o sha256.S
#   objcopy -O binary -j .text /tmp/sha256.o ../resources/io/fixedram/fingerprint/sha256.bin

        .intel_syntax noprefix

# Four rounds with the words \words, and the constants of group \group at rax. The state is
# xmm1 = (a, b, e, f) and xmm2 = (c, d, g, h), the first in the highest lane.
        .macro  rounds4 words, group
        movdqa  xmm0, \words
        paddd   xmm0, [rax + 16 * \group]
        sha256rnds2 xmm2, xmm1
        pshufd  xmm0, xmm0, 0x0e
        sha256rnds2 xmm1, xmm2
        .endm

# Replaces \w0 by the four words that follow those in \w0 to \w3.
        .macro  expand  w0, w1, w2, w3
        sha256msg1 \w0, \w1
        movdqa  xmm7, \w3
        palignr xmm7, \w2, 4
        paddd   \w0, xmm7
        sha256msg2 \w0, \w3
        .endm

# Stores a word of the state, its highest byte first.
        .macro  store   offset, state, lane
        pextrd  eax, \state, \lane
        bswap   eax
        mov     [rcx + \offset], eax
        .endm

        .text

# rdx page, rcx into, rsi page_bytes, rdi pages left, r9 block in the page, r8 end of the page
sha256:
        test    rdi, rdi
        jz      done
        movdqa  xmm8, [rip + swap]

page:
        lea     r8, [rdx + rsi]
        mov     r9, rdx
is_zero:
        mov     rax, [r9]
        or      rax, [r9 + 8]
        or      rax, [r9 + 16]
        or      rax, [r9 + 24]
        or      rax, [r9 + 32]
        or      rax, [r9 + 40]
        or      rax, [r9 + 48]
        or      rax, [r9 + 56]
        jnz     has_data
        add     r9, 64
        cmp     r9, r8
        jb      is_zero
        pxor    xmm0, xmm0
        movdqu  [rcx], xmm0
        movdqu  [rcx + 16], xmm0
        jmp     next

has_data:
        movdqa  xmm1, [rip + initial_abef]
        movdqa  xmm2, [rip + initial_cdgh]
        mov     r9, rdx
block:
        movdqu  xmm3, [r9]
        movdqu  xmm4, [r9 + 16]
        movdqu  xmm5, [r9 + 32]
        movdqu  xmm6, [r9 + 48]
        pshufb  xmm3, xmm8
        pshufb  xmm4, xmm8
        pshufb  xmm5, xmm8
        pshufb  xmm6, xmm8
        call    compress
        add     r9, 64
        cmp     r9, r8
        jb      block

# The last block: a bit 1, zeros, and the length in bits.
        mov     eax, 0x80000000
        movd    xmm3, eax
        pxor    xmm4, xmm4
        pxor    xmm5, xmm5
        pxor    xmm6, xmm6
        lea     rax, [rsi * 8]
        pinsrd  xmm6, eax, 3
        call    compress

        store   0, xmm1, 3
        store   4, xmm1, 2
        store   8, xmm2, 3
        store   12, xmm2, 2
        store   16, xmm1, 1
        store   20, xmm1, 0
        store   24, xmm2, 1
        store   28, xmm2, 0

next:
        add     rdx, rsi
        add     rcx, 32
        dec     rdi
        jnz     page
done:
        ret

# Adds a block, whose words are in xmm3 to xmm6, to the state.
compress:
        movdqa  xmm9, xmm1
        movdqa  xmm10, xmm2
        lea     rax, [rip + constants]
        rounds4 xmm3, 0
        rounds4 xmm4, 1
        rounds4 xmm5, 2
        rounds4 xmm6, 3
        .set    group, 4
        .rept   3
        expand  xmm3, xmm4, xmm5, xmm6
        rounds4 xmm3, group
        expand  xmm4, xmm5, xmm6, xmm3
        rounds4 xmm4, (group + 1)
        expand  xmm5, xmm6, xmm3, xmm4
        rounds4 xmm5, (group + 2)
        expand  xmm6, xmm3, xmm4, xmm5
        rounds4 xmm6, (group + 3)
        .set    group, group + 4
        .endr
        paddd   xmm1, xmm9
        paddd   xmm2, xmm10
        ret

        .balign 16
# Turns the bytes of each word around.
swap:
        .byte   3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12
initial_abef:
        .long   0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667
initial_cdgh:
        .long   0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372
constants:
        .long   0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5
        .long   0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
        .long   0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3
        .long   0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
        .long   0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc
        .long   0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
        .long   0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7
        .long   0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
        .long   0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13
        .long   0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
        .long   0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3
        .long   0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
        .long   0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5
        .long   0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
        .long   0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208
        .long   0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
