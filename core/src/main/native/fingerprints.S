# SPDX-License-Identifier: Apache-2.0
#
# Fingerprints of pages, as defined in docs/format.md, for x86-64 Linux:
#
#   void fingerprints(long pages, long page_bytes, const void *from, void *into);
#
# Writes 16 bytes for each page to `into`. page_bytes is a multiple of 64. The Java class io.fixedram.fingerprint.PageFingerprint computes
# the same; this code has its full speed from the first page on, without a JIT compiler.
#
# The code is position-independent, calls nothing and has no data. Rebuild with GNU binutils, from
# this directory:
#
#   as --64 -mx86-used-note=no -o /tmp/fingerprints.o fingerprints.S
#   objcopy -O binary -j .text /tmp/fingerprints.o \
#       ../resources/io/fixedram/fingerprint/fingerprints.bin

        .intel_syntax noprefix

        .set    KEY0, 0x6a09e667f3bcc908
        .set    KEY1, 0xbb67ae8584caa73b
        .set    KEY2, 0x3c6ef372fe94f82b
        .set    KEY3, 0xa54ff53a5f1d36f1
        .set    KEY4, 0x510e527fade682d1
        .set    KEY5, 0x9b05688c2b3e6c1f
        .set    KEY6, 0x1f83d9abfb41bd6b
        .set    KEY7, 0x5be0cd19137e2179

# Combines a state (a, b) with a pair of words, in memory or in registers.
        .macro  step    a, b, first, second
        xor     \a, \first                      # p
        xor     \b, \second                     # q
        mov     rax, \a
        mul     \b                              # rdx:rax = p * q
        ror     \b, 32
        ror     \a, 32
        add     rdx, \b
        add     rax, \a
        mov     \a, rdx
        mov     \b, rax
        .endm

        .text

# rbx page, rcx into, rsi page_bytes, rdi pages left, rbp step in the page; r8 to r15 four lanes
fingerprints:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     rbx, rdx
        test    rdi, rdi
        jz      done

page:
        lea     rdx, [rbx + rsi]                # end of the page
        mov     rbp, rbx
is_zero:
        mov     rax, [rbp]
        or      rax, [rbp + 8]
        or      rax, [rbp + 16]
        or      rax, [rbp + 24]
        or      rax, [rbp + 32]
        or      rax, [rbp + 40]
        or      rax, [rbp + 48]
        or      rax, [rbp + 56]
        jnz     has_data
        add     rbp, 64
        cmp     rbp, rdx
        jb      is_zero
        mov     qword ptr [rcx], 0
        mov     qword ptr [rcx + 8], 0
        jmp     next

has_data:
        movabs  r8, KEY0
        movabs  r9, KEY1
        movabs  r10, KEY2
        movabs  r11, KEY3
        movabs  r12, KEY4
        movabs  r13, KEY5
        movabs  r14, KEY6
        movabs  r15, KEY7
        xor     ebp, ebp
lanes:
        step    r8, r9, [rbx + rbp], [rbx + rbp + 8]
        step    r10, r11, [rbx + rbp + 16], [rbx + rbp + 24]
        step    r12, r13, [rbx + rbp + 32], [rbx + rbp + 40]
        step    r14, r15, [rbx + rbp + 48], [rbx + rbp + 56]
        add     rbp, 64
        cmp     rbp, rsi
        jb      lanes

# The lanes are combined into r8:r9, which begins with (KEY0 xor page_bytes, KEY7). The first lane is
# in the way there, and goes to rbp and the stack.
        push    r9
        mov     rbp, r8
        movabs  r8, KEY0
        xor     r8, rsi
        movabs  r9, KEY7
        step    r8, r9, rbp, [rsp]
        pop     rax
        step    r8, r9, r10, r11
        step    r8, r9, r12, r13
        step    r8, r9, r14, r15
        movabs  r10, KEY1
        movabs  r11, KEY2
        .rept   3
        step    r8, r9, r10, r11
        .endr
        mov     rax, r8
        or      rax, r9
        jnz     store
        mov     r9, 1
store:
        mov     [rcx], r9
        mov     [rcx + 8], r8

next:
        add     rbx, rsi
        add     rcx, 16
        dec     rdi
        jnz     page

done:
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret
