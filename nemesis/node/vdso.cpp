#include "nemesis/node/vdso.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace faultlab::node {
namespace {

/// A structure of the image, wherever it lies.
template <class T>
T part(std::span<const std::byte> image, std::size_t at) {
    if (at > image.size() || image.size() - at < sizeof(T))
        throw std::runtime_error("the vDSO ends before its parts do");
    T value;
    std::memcpy(&value, image.data() + at, sizeof(T));
    return value;
}

std::string_view text_at(std::span<const std::byte> image, std::size_t at) {
    if (at >= image.size()) throw std::runtime_error("a name of the vDSO lies outside of it");
    const char* const begin = reinterpret_cast<const char*>(image.data()) + at;
    return {begin, ::strnlen(begin, image.size() - at)};
}

/// The whole mapping of this process' own vDSO.
std::vector<std::byte> own_image() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (!line.ends_with("[vdso]")) continue;
        const std::uint64_t begin = std::stoull(line, nullptr, 16);
        const std::uint64_t end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
        std::vector<std::byte> image(end - begin);
        if (!ProcessMemory(::getpid()).read(begin, image))
            throw std::runtime_error("the vDSO cannot be read");
        return image;
    }
    throw std::runtime_error("the kernel gives its processes no vDSO");
}

struct Tables {
    std::size_t symbols = 0;
    std::size_t names = 0;
    std::size_t count = 0;
};

/// What the dynamic section says: addresses count from the beginning of the image.
Tables tables_of(std::span<const std::byte> image, const Elf64_Phdr& dynamic) {
    Tables tables;
    for (std::size_t at = dynamic.p_offset;; at += sizeof(Elf64_Dyn)) {
        const auto entry = part<Elf64_Dyn>(image, at);
        if (entry.d_tag == DT_NULL) break;
        if (entry.d_tag == DT_SYMTAB) tables.symbols = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRTAB) tables.names = entry.d_un.d_ptr;
    }
    // Symbols have no count but in a table of hashes; the names follow upon them.
    if (tables.symbols == 0 || tables.names <= tables.symbols)
        throw std::runtime_error("the vDSO has no table of symbols before their names");
    tables.count = (tables.names - tables.symbols) / sizeof(Elf64_Sym);
    return tables;
}

std::size_t
function_at(std::span<const std::byte> image, const Tables& tables, std::string_view name) {
    for (std::size_t i = 0; i < tables.count; ++i) {
        const auto symbol = part<Elf64_Sym>(image, tables.symbols + i * sizeof(Elf64_Sym));
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
        if (text_at(image, tables.names + symbol.st_name) == name) return symbol.st_value;
    }
    throw std::runtime_error(fmt::format("the vDSO has no function {}", name));
}

} // namespace

Vdso read_vdso() {
    Vdso vdso{.image = own_image()};
    const std::span<const std::byte> image = vdso.image;
    const auto header = part<Elf64_Ehdr>(image, 0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
        throw std::runtime_error("the vDSO is not one of x86-64");
    }
    std::size_t used = header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize;
    Tables tables;
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = part<Elf64_Phdr>(image, header.e_phoff + i * header.e_phentsize);
        used = std::max<std::size_t>(used, segment.p_offset + segment.p_memsz);
        if (segment.p_type == PT_DYNAMIC) tables = tables_of(image, segment);
    }
    vdso.clock_gettime = function_at(image, tables, "__vdso_clock_gettime");
    vdso.gettimeofday = function_at(image, tables, "__vdso_gettimeofday");
    vdso.time = function_at(image, tables, "__vdso_time");
    // What the headers do not speak of is nothing only if it is zero.
    while (used < image.size() &&
           !std::ranges::all_of(image.subspan(used), [](std::byte b) { return b == std::byte{}; }))
        ++used;
    constexpr std::size_t line = 64;
    vdso.padding = std::min(image.size(), (used + line - 1) / line * line);
    return vdso;
}

ProcessMemory::ProcessMemory(pid_t pid)
    : file_(::open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDWR | O_CLOEXEC)) {}

ProcessMemory::~ProcessMemory() {
    if (file_ >= 0) ::close(file_);
}

bool ProcessMemory::read(std::uint64_t address, std::span<std::byte> into) const {
    const ssize_t done = ::pread(file_, into.data(), into.size(), static_cast<off_t>(address));
    return done == static_cast<ssize_t>(into.size());
}

bool ProcessMemory::write(std::uint64_t address, std::span<const std::byte> from) const {
    const ssize_t done = ::pwrite(file_, from.data(), from.size(), static_cast<off_t>(address));
    return done == static_cast<ssize_t>(from.size());
}

std::optional<std::uint64_t> vdso_address(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/auxv", pid), std::ios::binary);
    std::array<std::uint64_t, 2> entry{};
    while (file.read(reinterpret_cast<char*>(entry.data()), sizeof(entry))) {
        if (entry[0] == AT_NULL) break;
        if (entry[0] == AT_SYSINFO_EHDR) return entry[1];
    }
    return std::nullopt;
}

} // namespace faultlab::node
