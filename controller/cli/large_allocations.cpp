// Large arrays on large pages. A check of a million operations allocates a few hundred megabytes in
// arrays that it fills once; on pages of 4 KiB half of its time goes into the kernel that hands
// them out. So allocations of several megabytes ask for pages of 2 MiB (madvise(2), MADV_HUGEPAGE).
// A machine that does not give them gives small ones, as before.
//
// A simulation takes some megabytes and frees them, thousands of times a minute: what is freed is
// kept for the next one, up to so much, instead of going back to the kernel. Larger arrays go back
// as soon as they are freed, as ever.
//
// The memory is malloc's, as that of the standard library's operator new is. Sanitizers have
// operators of their own.

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t large_page = std::size_t{2} << 20U;
constexpr std::size_t worth_it = 2 * large_page; ///< a smaller one may have no whole page in it

constexpr int kept_most = 64 << 20;
[[maybe_unused]] const bool keeps =
    ::mallopt(M_TRIM_THRESHOLD, kept_most) != 0 && ::mallopt(M_MMAP_THRESHOLD, int{worth_it}) != 0;

void ask_for_large_pages(void* memory, std::size_t size) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = (begin + large_page - 1) / large_page * large_page;
    const std::uintptr_t end = (begin + size) / large_page * large_page;
    if (first >= end) return;
    // It is a wish: that it was not granted changes nothing.
    (void)::madvise(static_cast<std::byte*>(memory) + (first - begin), end - first, MADV_HUGEPAGE);
}

} // namespace

void* operator new(std::size_t size) {
    for (;;) {
        if (void* memory = std::malloc(size == 0 ? 1 : size)) {
            if (size >= worth_it) ask_for_large_pages(memory, size);
            return memory;
        }
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

#endif
