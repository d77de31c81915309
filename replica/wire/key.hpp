#pragma once

#include "core/result.hpp"
#include "replica/core/types.hpp"

#include <filesystem>
#include <string_view>

namespace faultlab::replica {

/// The secret that all replicas and clients of one cluster share. Wiped when it dies; nothing
/// prints it. What an outsider may know of it is `fingerprint`.
class Key {
public:
    static constexpr std::size_t size = 32;

    explicit Key(std::span<const std::byte, size> bytes);
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();

    /// From the system's random numbers.
    [[nodiscard]] static Key generate();
    /// 64 hex digits; the error never quotes them.
    [[nodiscard]] static Result<Key> from_hex(std::string_view hex);

    [[nodiscard]] std::span<const std::byte, size> bytes() const { return bytes_; }
    /// Names the key without giving it away (BLAKE2b, keyed with it).
    [[nodiscard]] std::uint64_t fingerprint() const;

private:
    std::array<std::byte, size> bytes_;
};

/// Reads a key file: 64 hex digits and a newline. Fails when others than the owner may read it.
[[nodiscard]] Result<Key> load_key(const std::filesystem::path& path);
/// Writes a new key into a file that must not exist yet, readable by its owner only.
[[nodiscard]] Result<void> generate_key_file(const std::filesystem::path& path);

/// Drawn anew for each connection: what makes its session keys its own.
using Nonce = std::array<std::byte, 32>;
/// From the system's random numbers.
[[nodiscard]] Nonce random_nonce();
/// From the system's random numbers; never 0. For client ids and seeds.
[[nodiscard]] std::uint64_t random_id();

} // namespace faultlab::replica
