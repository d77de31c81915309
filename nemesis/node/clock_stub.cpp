#include "nemesis/node/clock_stub.hpp"

#if defined(__x86_64__)

// Offsets in the data: generation 16, skews 32; in a skew: clocks 0, offset 8, rate 16, strobe 24,
// strobe_period 32, base 48. Only registers that a call may change are used.
asm(R"(
    .intel_syntax noprefix
    .pushsection .text.faultlab_clock_stub, "ax", @progbits
    .balign 64
faultlab_clock_stub_begin:
    .zero 288

    # In: edi, a clock below 8. Out: rax, its time with the skew, in ns, and edx = 0; or edx = 1
    # and in rax what the system call returned. Keeps rsi and rdi not.
faultlab_clock_stub_read:
    sub     rsp, 24                 # a timespec, and alignment
    mov     r9d, edi
1:  movzx   r10d, byte ptr [rip + faultlab_clock_stub_begin + 16]
    mov     edi, r9d
    mov     rsi, rsp
    mov     eax, 228                # clock_gettime; clobbers rcx and r11
    syscall
    test    eax, eax
    jnz     5f
    imul    r8, qword ptr [rsp], 1000000000
    add     r8, qword ptr [rsp + 8] # r8: the true time
    lea     rsi, [rip + faultlab_clock_stub_begin + 32]
    mov     ecx, r10d
    and     ecx, 1
    shl     ecx, 7
    add     rsi, rcx                # rsi: the skew of this generation
    mov     rcx, qword ptr [rsi]
    bt      rcx, r9
    jnc     4f
    mov     r11, r8
    sub     r11, qword ptr [rsi + 48 + r9 * 8] # r11: time since the base
    add     r8, qword ptr [rsi + 8]
    mov     rax, r11
    imul    qword ptr [rsi + 16]    # rdx:rax
    shrd    rax, rdx, 32
    add     r8, rax
    mov     rcx, qword ptr [rsi + 32]
    test    rcx, rcx
    jz      4f
    mov     rax, r11
    cqo
    idiv    rcx
    test    al, 1
    jnz     4f
    add     r8, qword ptr [rsi + 24]
4:  movzx   ecx, byte ptr [rip + faultlab_clock_stub_begin + 16]
    cmp     ecx, r10d
    jne     1b
    mov     rax, r8
    xor     edx, edx
    add     rsp, 24
    ret
5:  mov     edx, 1
    add     rsp, 24
    ret

    # In: rax, ns. Out: rax, seconds, and rdx, the rest in ns, never negative.
faultlab_clock_stub_split:
    mov     ecx, 1000000000
    cqo
    idiv    rcx
    test    rdx, rdx
    jns     1f
    add     rdx, rcx
    dec     rax
1:  ret

    # int clock_gettime(clockid_t edi, struct timespec* rsi)
faultlab_clock_stub_clock_gettime:
    cmp     edi, 8
    jae     1f
    push    rsi
    call    faultlab_clock_stub_read
    pop     rsi
    test    edx, edx
    jnz     2f
    call    faultlab_clock_stub_split
    mov     qword ptr [rsi], rax
    mov     qword ptr [rsi + 8], rdx
    xor     eax, eax
    ret
1:  mov     eax, 228
    syscall
2:  ret

    # int gettimeofday(struct timeval* rdi, struct timezone* rsi)
faultlab_clock_stub_gettimeofday:
    test    rsi, rsi
    jz      1f
    push    rdi
    xor     edi, edi
    mov     eax, 96                 # gettimeofday, for the time zone alone
    syscall
    pop     rdi
1:  test    rdi, rdi
    jz      2f
    push    rdi
    xor     edi, edi                # CLOCK_REALTIME
    call    faultlab_clock_stub_read
    pop     rsi
    test    edx, edx
    jnz     3f
    call    faultlab_clock_stub_split
    mov     qword ptr [rsi], rax
    mov     rax, rdx
    xor     edx, edx
    mov     ecx, 1000
    div     rcx
    mov     qword ptr [rsi + 8], rax
2:  xor     eax, eax
3:  ret

    # time_t time(time_t* rdi)
faultlab_clock_stub_time:
    push    rdi
    mov     edi, 5                  # CLOCK_REALTIME_COARSE, as the kernel's does
    call    faultlab_clock_stub_read
    pop     rdi
    test    edx, edx
    jnz     1f
    call    faultlab_clock_stub_split
    test    rdi, rdi
    jz      1f
    mov     qword ptr [rdi], rax
1:  ret
faultlab_clock_stub_end:
    .popsection
    .att_syntax prefix
)");

extern "C" {
extern const std::byte faultlab_clock_stub_begin[];
extern const std::byte faultlab_clock_stub_clock_gettime[];
extern const std::byte faultlab_clock_stub_gettimeofday[];
extern const std::byte faultlab_clock_stub_time[];
extern const std::byte faultlab_clock_stub_end[];
}

namespace faultlab::node {

std::span<const std::byte> clock_stub() {
    return {faultlab_clock_stub_begin, faultlab_clock_stub_end};
}

StubEntries clock_stub_entries() {
    const auto at = [](const std::byte* place) {
        return static_cast<std::size_t>(place - faultlab_clock_stub_begin);
    };
    return {.clock_gettime = at(faultlab_clock_stub_clock_gettime),
            .gettimeofday = at(faultlab_clock_stub_gettimeofday),
            .time = at(faultlab_clock_stub_time)};
}

} // namespace faultlab::node

#else

namespace faultlab::node {

std::span<const std::byte> clock_stub() {
    return {};
}
StubEntries clock_stub_entries() {
    return {};
}

} // namespace faultlab::node

#endif

namespace faultlab::node {

std::int64_t skew_at(const ClockSkew& skew, std::size_t clock, std::int64_t true_time) {
    if ((skew.clocks >> clock & 1) == 0) return 0;
    const std::int64_t elapsed = true_time - skew.base.at(clock);
    __extension__ using Wide = __int128;
    const auto gained = static_cast<std::int64_t>((Wide{elapsed} * skew.rate) >> 32);
    const bool strobed =
        skew.strobe_period != 0 && elapsed / skew.strobe_period % 2 == 0 && skew.strobe != 0;
    return skew.offset + gained + (strobed ? skew.strobe : 0);
}

} // namespace faultlab::node
