#include "replica/wire/forgeries.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <cstring>

namespace faultlab::replica {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t tag_bytes = frame_overhead - length_bytes;

constexpr std::array<ForgeryEntry, forgery_count> table{{
    // clang-format off
    {Forgery::Forged, "M12", "forged",
     "other content with checksums that fit, under the authenticator of the frame that was here",
     AuthReject::Forged},
    {Forgery::Tampered, "M13", "tampered", "one bit of the content, and nothing else",
     AuthReject::Tampered},
    {Forgery::Unsigned, "M14", "unsigned", "an authenticator of zeroes",
     AuthReject::Unsigned},
    {Forgery::WrongKey, "M15", "wrong-key", "a connection whose other end has another key",
     AuthReject::WrongKey},
    // clang-format on
}};

} // namespace

std::span<const ForgeryEntry, forgery_count> forgeries() {
    return table;
}

void forge(Forgery forgery, std::uint64_t seed, std::span<std::byte> frame) {
    FAULTLAB_CHECK(forgery != Forgery::WrongKey);
    FAULTLAB_CHECK(frame.size() >= frame_overhead + sizeof(Header));
    const auto content = frame.subspan(length_bytes, frame.size() - frame_overhead);
    switch (forgery) {
        case Forgery::Forged: {
            Header header = header_from(content);
            header.commit += 1 + seed % 1000;
            header.checksum = checksum_of(header);
            std::memcpy(content.data(), &header, sizeof header);
            return;
        }
        case Forgery::Tampered: {
            const std::size_t bit = seed % (8 * content.size());
            content[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
            return;
        }
        case Forgery::Unsigned: std::ranges::fill(frame.last(tag_bytes), std::byte{0}); return;
        case Forgery::WrongKey: return;
    }
}

Key wrong_key(const Key& key) {
    std::array<std::byte, Key::size> bytes{};
    std::ranges::copy(key.bytes(), bytes.begin());
    bytes.front() ^= std::byte{1};
    return Key(bytes);
}

} // namespace faultlab::replica
