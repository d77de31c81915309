#pragma once

#include "core/store/byte_source.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace faultlab {

/// How a file is packed, by its first bytes.
enum class Packing : std::uint8_t { none, gzip, zstd };
inline constexpr std::size_t packing_magic_bytes = 4;
[[nodiscard]] Packing packing_of(std::string_view first_bytes);

/// `packed` as it was before it was packed; several packed parts one after the other are one. Data
/// that is damaged or cut short is a usage error with the name of the file.
Result<std::unique_ptr<ByteSource>>
unpacked(const std::string& name, Packing packing, std::unique_ptr<ByteSource> packed);

} // namespace faultlab
