# SPDX-License-Identifier: Apache-2.0
#
# A guest that keeps rewriting its memory and checks from inside that every page holds what was
# last written to it, so that a save and a restore can be judged by the guest itself.
#
# Rebuild (GNU binutils, any 64-bit x86 target), from this directory:
#
#   as --64 -mx86-used-note=no -o /tmp/memory-guest.o memory-guest.S
#   objcopy -O binary -j .text /tmp/memory-guest.o \
#       ../resources/io/fixedram/qemu/guest/memory-guest.bin
#
# The result, filled up to the size of a 1.44 MB floppy, is a raw image of a floppy and of a disk
# (SeaBIOS reads no disk that is smaller than a cylinder, 504 KiB). The BIOS loads the first sector
# at 0x7c00, which loads the rest behind itself.
#
# Parameters, little-endian, at these offsets of the image (0 as assembled; the Java class
# io.fixedram.qemu.guest.MemoryGuest fills them in):
#
#    8  u64  first region: guest physical address of its first byte, a multiple of 4096
#   16  u64  first region: number of 4 KiB pages, 0 = unused
#   24  u64  second region: address
#   32  u64  second region: pages, 0 = unused
#   40  u32  turns of an empty loop after each page, 0 = none: what slows the writing down
#
# Regions lie anywhere in RAM from 1 MiB up to 16 GiB. Pages are numbered through both regions, from
# 0. Below 1 MiB the guest uses 0x10000 to 0x22000 (page tables), its image and the stack below it.
#
# Generation 0 fills the memory; then "fixedram guest ready\n" goes to COM1. In each generation
# g = 1, 2, 3, ... every page p is compared with what its last writing left, then written anew if
# it is due, and a line ends the generation:
#
#   "gen GGGGGGGG ok\n"                 or, from the first wrong page on and for good,
#   "gen GGGGGGGG BAD page PPPPPPPP\n"  (hexadecimal; P is the first page that was found wrong)
#
# Which pages are written in generation g:
#   p % 16 == 0   never, as RAM starts as zero (in generation 0 if the firmware used the page)
#   p % 16 == 5   in generation 0 only
#   the others    in generation 0, and whenever (p + g) % 4 == 0
# So w, the generation that wrote p last, follows from p and g, and nothing else is kept: before
# g's own writing w = max(0, g - 1 - (p + g - 1) % 4), or 0 for the first two kinds.
#
# What page p holds when w wrote it, as 512 little-endian qwords i:
#   zeros                                     if (p + w) & 12 == 0: every fourth writing of a page
#   (w' << 41 | p << 9 | i) * STEP mod 2^64   else, where w' = w, except that w' = 0 for i >= 8 in
#                                             pages with p & 16, which thus change in 64 bytes only
# STEP is odd, so different keys (p, w', i) give different values, for 2^23 generations: no qword of
# data is right in another place, and none that changes is right in another generation.
#
# All state is in registers, on the stack and in the image: a restore at any instruction goes on.
# No interrupt is ever taken, no APIC used.

        .intel_syntax noprefix

        .set    LOADED, 0x7c00                  # where the image lies in memory
        .set    SECTOR, 512
        .set    STEP, 0x9e3779b97f4a7c15
        .set    OTHER_SECTORS, (image_end - image - 1) / SECTOR
        .set    PML4, 0x10000                   # one page, then the PDPT, then 16 directories
        .set    PDPT, PML4 + 0x1000
        .set    DIRECTORIES, PML4 + 0x2000
        .set    CODE64, 8                       # selector
        .set    COM1, 0x3f8
        .set    COM1_STATUS, COM1 + 5
        .set    TRANSMITTER_EMPTY, 0x20
        .set    UNWRITTEN_AFTER_FILL, 0x00210021 # bit p % 32: p % 16 is 0 or 5
        .set    CHANGING_QWORDS, 8              # of a page with p & 16

        .text
        .code16
image:
        jmp     enter

        .org    8
regions:
        .quad   0, 0
        .quad   0, 0
regions_end:
delay:
        .long   0

enter:
        cld
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     es, ax
        mov     esp, LOADED

        # The other sectors, from the drive in dl that the BIOS booted from.
1:      mov     ax, 0x0200 + OTHER_SECTORS
        mov     bx, LOADED + SECTOR
        mov     cx, 2                           # cylinder 0, sector 2
        mov     dh, 0
        int     0x13
        jc      1b

        cli
        in      al, 0x92                        # A20 on, in case the firmware left it off
        or      al, 2
        out     0x92, al

        # Identity map of 16 GiB with 2 MiB pages: first the PML4 and the PDPT ...
        push    PML4 >> 4
        pop     es
        xor     di, di
        xor     eax, eax
        mov     cx, 0x2000 / 4
        rep stosd
        mov     dword ptr es:[0], PDPT + 3      # present, writable
        mov     di, PDPT - PML4
        mov     eax, DIRECTORIES + 3
1:      stosd
        add     di, 4
        add     eax, 0x1000
        cmp     di, PDPT - PML4 + 16 * 8
        jne     1b

        # ... then the 16 directories, which fill 64 KiB, so that di comes round to 0.
        push    DIRECTORIES >> 4
        pop     es
        xor     di, di
        mov     eax, 0x83                       # present, writable, 2 MiB
        xor     edx, edx                        # upper half of the entry
2:      stosd
        xchg    eax, edx
        stosd
        xchg    eax, edx
        add     eax, 0x200000
        adc     edx, 0
        test    di, di
        jnz     2b

        # From real mode into long mode at once: PAE, tables, EFER.LME, then PE and PG together.
        mov     eax, 0x20
        mov     cr4, eax
        mov     eax, PML4
        mov     cr3, eax
        mov     ecx, 0xc0000080
        rdmsr
        or      ah, 1
        wrmsr
        lgdt    [gdt_pointer - image + LOADED]
        mov     eax, cr0
        or      eax, 0x80000001
        mov     cr0, eax
        .byte   0xea                            # ljmp CODE64:long_mode
        .word   long_mode - image + LOADED, CODE64

gdt_pointer:
        .word   2 * 8 - 1
        .long   gdt - image + LOADED
        .set    gdt, . - 8                      # the null descriptor is never read
        .quad   0x00209a0000000000              # CODE64: present, code, long

        .org    SECTOR - 2
        .word   0xaa55

        # ebp   generation g
        # ebx   page number p
        # r8    address of page p
        # r9    pages of this region still to do
        # r10   parameters of the region
        # r12d  1 + the first wrong page, 0 = none
        # r15   STEP
        .code64
long_mode:
        xor     eax, eax
        mov     ss, eax
        xor     ebp, ebp
        xor     r12d, r12d
        mov     r15, STEP

generation:
        xor     ebx, ebx
        mov     r10d, regions - image + LOADED
region:
        mov     r8, [r10]
        mov     r9, [r10 + 8]
        test    r9, r9
        jz      region_done

page:
        test    ebp, ebp
        jz      fill

        # Which generation wrote p last?
        xor     eax, eax
        mov     ecx, UNWRITTEN_AFTER_FILL
        bt      ecx, ebx
        jc      check
        lea     eax, [rbp - 1]
        lea     ecx, [rax + rbx]
        and     ecx, 3
        sub     eax, ecx
        jnc     check
        xor     eax, eax

check:
        call    content
1:      scasq
        jne     wrong
        add     rax, rdx
        loop    1b
        mov     rax, rsi
        mov     cx, 512 - CHANGING_QWORDS
        test    edi, 0xfff
        jnz     1b
        jmp     checked
wrong:
        test    r12d, r12d
        jnz     checked
        lea     r12d, [rbx + 1]
checked:

        # Is p due in this generation?
        mov     ecx, UNWRITTEN_AFTER_FILL
        bt      ecx, ebx
        jc      page_done
        lea     eax, [rbp + rbx]
        test    al, 3
        jnz     page_done
        jmp     write
fill:
        test    bl, 15
        jnz     write
        mov     rdi, r8
        xor     eax, eax
        mov     ecx, 512
        repe scasq
        je      page_done                       # else the firmware left something here
write:
        mov     eax, ebp
        call    content
1:      stosq
        add     rax, rdx
        loop    1b
        mov     rax, rsi
        mov     cx, 512 - CHANGING_QWORDS
        test    edi, 0xfff
        jnz     1b

page_done:
        mov     ecx, [delay - image + LOADED]
        jrcxz   2f
1:      loop    1b
2:      inc     ebx
        add     r8, 0x1000
        dec     r9
        jnz     page
region_done:
        add     r10, 16
        cmp     r10b, (regions_end - image + LOADED) & 0xff
        jne     region

        # The line that ends a generation.
        mov     esi, ready - image + LOADED
        test    ebp, ebp
        jz      print_end
        mov     esi, gen - image + LOADED
        mov     ebx, ebp
        call    print_number
        mov     esi, ok - image + LOADED
        mov     ebx, r12d
        dec     ebx
        js      print_end
        mov     esi, bad - image + LOADED
        call    print_number
        mov     esi, line_end - image + LOADED
print_end:
        call    print
        inc     ebp
        jmp     generation

# What page ebx holds when generation eax wrote it: rax is the first qword, rsi the one at
# CHANGING_QWORDS, rdx the step from one to the next, rcx = CHANGING_QWORDS, rdi the page.
content:
        mov     rdi, r8
        xor     edx, edx
        xor     esi, esi
        lea     ecx, [rax + rbx]
        and     ecx, 12
        mov     cl, CHANGING_QWORDS
        jz      zeros
        mov     esi, ebx
        shl     rsi, 9
        shl     rax, 41
        add     rax, rsi
        test    bl, 16
        jnz     1f
        mov     rsi, rax
1:      add     rsi, rcx
        mov     rdx, r15
        imul    rax, rdx
        imul    rsi, rdx
        ret
zeros:
        xor     eax, eax
        ret

# Prints the text at rsi, then ebx as eight hexadecimal digits.
print_number:
        call    print
        mov     ecx, 8
1:      rol     ebx, 4
        mov     al, bl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     2f
        add     al, 'a' - '9' - 1
2:      call    print_character
        loop    1b
        ret

# Prints the NUL-terminated text at rsi.
print:
        lodsb
        test    al, al
        jz      1f
        call    print_character
        jmp     print
1:      ret

print_character:
        mov     ah, al
        mov     dx, COM1_STATUS
1:      in      al, dx
        test    al, TRANSMITTER_EMPTY
        jz      1b
        mov     dl, COM1 & 0xff
        mov     al, ah
        out     dx, al
        ret

ready:  .asciz  "fixedram guest ready\n"
gen:    .asciz  "gen "
ok:     .asciz  " ok\n"
bad:    .asciz  " BAD page "
        .set    line_end, ok + 3                # the "\n" of " ok\n"
image_end:
