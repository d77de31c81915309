#include "replica/wire/channel.hpp"

#include "replica/wire/sodium.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace faultlab::replica {

namespace {

constexpr std::array<char, 8> magic = {'F', 'L', 'r', 'e', 'p', 'l', 'i', 'c'};
enum class Scheme : std::uint8_t { None = 0, SharedKey = 1 };

/// First bytes of both directions. What precedes the tag is signed with the cluster's key, so that
/// a stranger's hello is told from a recorded one; the proof then shows that this one is fresh.
struct Hello {
    std::array<char, 8> magic{};
    std::uint16_t version = 0;
    Scheme scheme = Scheme::None;
    ReplicaId self = no_replica;
    std::uint32_t reserved = 0;
    std::uint64_t cluster = 0;
    std::uint64_t fingerprint = 0;
    Nonce nonce{};
    Checksum checksum; ///< of what is before it: tells damage from malice
    std::array<std::byte, 32> tag{};
};
static_assert(sizeof(Hello) == hello_bytes && std::has_unique_object_representations_v<Hello>);
constexpr std::size_t hello_preamble = offsetof(Hello, self); ///< tells who cannot be talked to

constexpr std::size_t length_bytes = 4;
constexpr std::size_t tag_bytes = crypto_onetimeauth_BYTES;
static_assert(frame_overhead == length_bytes + tag_bytes);
constexpr std::uint64_t window = 64; ///< frames around the expected one that are told apart

using Hash = std::array<std::byte, 32>;

/// BLAKE2b with the cluster's key; labels keep purposes and directions apart.
Hash keyed_hash(const Key& key, std::string_view label, Bytes first, Bytes second = {}) {
    crypto_generichash_state state;
    Hash hash;
    crypto_generichash_init(&state, raw(Bytes(key.bytes())), Key::size, hash.size());
    std::array<std::byte, 32> padded{}; // of one length, so that no label continues another
    std::memcpy(padded.data(), label.data(), label.size());
    crypto_generichash_update(&state, raw(Bytes(padded)), padded.size());
    crypto_generichash_update(&state, raw(first), first.size());
    crypto_generichash_update(&state, raw(second), second.size());
    crypto_generichash_final(&state, raw(hash), hash.size());
    return hash;
}

constexpr std::string_view hello_label(bool dialled) {
    return dialled ? "faultlab hello dialler" : "faultlab hello acceptor";
}
constexpr std::string_view proof_label(bool dialled) {
    return dialled ? "faultlab proof dialler" : "faultlab proof acceptor";
}
constexpr std::string_view session_label(bool dialled) {
    return dialled ? "faultlab session dialler" : "faultlab session acceptor";
}

Hash hello_tag(const Key& key, const Hello& hello, bool dialled) {
    const Bytes bytes = std::as_bytes(std::span(&hello, 1));
    return keyed_hash(key, hello_label(dialled), bytes.first(offsetof(Hello, tag)));
}

Checksum hello_checksum(const Hello& hello) {
    return checksum(std::as_bytes(std::span(&hello, 1)).first(offsetof(Hello, checksum)));
}

/// In constant time.
bool same(const Hash& a, const Hash& b) {
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool all_zero(Bytes bytes) {
    return sodium_is_zero(raw(bytes), bytes.size()) == 1;
}

using Tag = std::array<std::byte, tag_bytes>;

/// Poly1305 under a key that only this frame uses: a block of the ChaCha20 stream that the session
/// key and the frame's number select.
Tag frame_tag(std::span<const std::byte, Key::size> key, std::uint64_t sequence, Bytes bytes) {
    static_assert(crypto_stream_chacha20_NONCEBYTES == sizeof sequence);
    std::array<std::byte, crypto_onetimeauth_KEYBYTES> once;
    std::array<std::byte, sizeof sequence> nonce;
    std::memcpy(nonce.data(), &sequence, sizeof sequence);
    crypto_stream_chacha20(raw(once), once.size(), raw(Bytes(nonce)), raw(Bytes(key)));
    Tag tag;
    crypto_onetimeauth(raw(tag), raw(bytes), bytes.size(), raw(Bytes(once)));
    return tag;
}

bool good_tag(std::span<const std::byte, Key::size> key,
              std::uint64_t sequence,
              Bytes bytes,
              Bytes tag) {
    const Tag expected = frame_tag(key, sequence, bytes);
    return sodium_memcmp(expected.data(), tag.data(), tag_bytes) == 0;
}

} // namespace

const char* name(AuthReject reject) {
    switch (reject) {
        case AuthReject::None: return "None";
        case AuthReject::NotPeer: return "NotPeer";
        case AuthReject::Version: return "Version";
        case AuthReject::Unsigned: return "Unsigned";
        case AuthReject::WrongKey: return "WrongKey";
        case AuthReject::Tampered: return "Tampered";
        case AuthReject::Forged: return "Forged";
        case AuthReject::Replayed: return "Replayed";
        case AuthReject::Skipped: return "Skipped";
        case AuthReject::Cluster: return "Cluster";
        case AuthReject::Peer: return "Peer";
        case AuthReject::Size: return "Size";
    }
    return "?";
}

bool intact(const Header& header, Bytes body) {
    return header.size == sizeof(Header) + body.size() && header.checksum == checksum_of(header) &&
           header.body_checksum == checksum(body);
}

Channel::Channel(const Settings& settings, const Key& key, const Nonce& nonce)
    : settings_(settings), key_(key),
      buffer_(std::max(frame_overhead + settings.message_bytes, hello_bytes + proof_bytes)) {
    use_sodium();
    Hello hello{.magic = magic,
                .version = wire_version,
                .scheme = Scheme::SharedKey,
                .self = settings.self,
                .cluster = settings.cluster,
                .fingerprint = key.fingerprint(),
                .nonce = nonce};
    hello.checksum = hello_checksum(hello);
    hello.tag = hello_tag(key, hello, settings.dialled);
    std::memcpy(hello_.data(), &hello, sizeof hello);
    handshake_.assign(hello_.begin(), hello_.end());
}

Channel::~Channel() {
    sodium_memzero(key_in_.data(), key_in_.size());
    sodium_memzero(key_out_.data(), key_out_.size());
}

std::vector<std::byte> Channel::take_handshake() {
    return std::exchange(handshake_, {});
}

std::span<std::byte> Channel::space() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return std::span(buffer_).subspan(end_);
}

void Channel::received(std::size_t bytes) {
    FAULTLAB_CHECK(bytes <= buffer_.size() - end_);
    end_ += bytes;
}

Bytes Channel::unread() const {
    return Bytes(buffer_).subspan(begin_, end_ - begin_);
}

std::optional<Message> Channel::next() {
    if (rejected_ != AuthReject::None) return std::nullopt;
    if (stage_ == Stage::Hello && !take_hello()) return std::nullopt;
    if (stage_ == Stage::Proof && !take_proof()) return std::nullopt;
    return take_frame();
}

bool Channel::take_hello() {
    const Bytes bytes = unread();
    const Bytes preamble = bytes.first(std::min(bytes.size(), hello_preamble));
    rejected_ = judge_preamble(preamble);
    if (rejected_ != AuthReject::None || bytes.size() < hello_bytes) return false;
    const Bytes theirs = bytes.first(hello_bytes);
    rejected_ = judge_hello(theirs);
    if (rejected_ != AuthReject::None) return false;
    derive(theirs);
    handshake_.insert(handshake_.end(), own_proof_.begin(), own_proof_.end());
    begin_ += hello_bytes;
    stage_ = Stage::Proof;
    return true;
}

/// What can be said before the hello is whole: a stranger may never send that much.
AuthReject Channel::judge_preamble(Bytes bytes) {
    const Bytes expected = std::as_bytes(std::span(magic));
    const std::size_t common = std::min(bytes.size(), expected.size());
    if (!std::ranges::equal(bytes.first(common), expected.first(common))) {
        return AuthReject::NotPeer;
    }
    if (bytes.size() < hello_preamble) return AuthReject::None;
    std::array<std::byte, sizeof(Hello)> rest_unknown{};
    std::ranges::copy(bytes, rest_unknown.begin());
    const auto hello = std::bit_cast<Hello>(rest_unknown);
    if (hello.version != wire_version) return AuthReject::Version;
    return hello.scheme == Scheme::SharedKey ? AuthReject::None : AuthReject::Unsigned;
}

AuthReject Channel::judge_hello(Bytes bytes) {
    Hello hello;
    std::memcpy(&hello, bytes.data(), sizeof hello);
    const bool whole = hello.checksum == hello_checksum(hello);
    if (whole) claim_ = {.self = hello.self, .cluster = hello.cluster};
    if (all_zero(hello.tag)) return AuthReject::Unsigned;
    if (hello.fingerprint != key_.fingerprint()) {
        return whole ? AuthReject::WrongKey : AuthReject::Tampered;
    }
    if (!same(hello.tag, hello_tag(key_, hello, !settings_.dialled))) {
        // A hello of the direction that is ours can only be an echo.
        if (same(hello.tag, hello_tag(key_, hello, settings_.dialled))) return AuthReject::Replayed;
        return whole ? AuthReject::Forged : AuthReject::Tampered;
    }
    if (hello.cluster != settings_.cluster) return AuthReject::Cluster;
    const bool known = hello.self <= max_replica_id && hello.self != settings_.self;
    if (!known || (settings_.peer && hello.self != *settings_.peer)) return AuthReject::Peer;
    peer_ = hello.self;
    return AuthReject::None;
}

void Channel::derive(Bytes theirs) {
    const bool dialled = settings_.dialled;
    const Bytes of_dialler = dialled ? Bytes(hello_) : theirs;
    const Bytes of_acceptor = dialled ? theirs : Bytes(hello_);
    own_proof_ = keyed_hash(key_, proof_label(dialled), of_dialler, of_acceptor);
    expected_proof_ = keyed_hash(key_, proof_label(!dialled), of_dialler, of_acceptor);
    key_out_ = keyed_hash(key_, session_label(dialled), of_dialler, of_acceptor);
    key_in_ = keyed_hash(key_, session_label(!dialled), of_dialler, of_acceptor);
}

bool Channel::take_proof() {
    const Bytes bytes = unread();
    if (bytes.size() < proof_bytes) return false;
    Hash proof;
    std::memcpy(proof.data(), bytes.data(), proof.size());
    if (!same(proof, expected_proof_)) {
        // Its hello was signed with the key, so who sends it without a proof has recorded it.
        rejected_ = all_zero(proof) ? AuthReject::Unsigned : AuthReject::Replayed;
        return false;
    }
    begin_ += proof_bytes;
    stage_ = Stage::Open;
    return true;
}

std::optional<Message> Channel::take_frame() {
    const Bytes bytes = unread();
    std::uint32_t length = 0;
    if (bytes.size() < length_bytes) return std::nullopt;
    std::memcpy(&length, bytes.data(), length_bytes);
    if (length < sizeof(Header) || length > settings_.message_bytes) {
        rejected_ = AuthReject::Size;
        return std::nullopt;
    }
    if (bytes.size() < frame_overhead + length) return std::nullopt;
    const Bytes covered = bytes.first(length_bytes + length);
    const Bytes tag = bytes.subspan(covered.size(), tag_bytes);
    if (!good_tag(key_in_, frames_in_, covered, tag)) {
        rejected_ = judge_frame(covered, tag);
        return std::nullopt;
    }
    ++frames_in_;
    begin_ += frame_overhead + length;
    const Bytes content = covered.subspan(length_bytes);
    return Message{header_from(content), content.subspan(sizeof(Header))};
}

/// Why the authenticator is wrong; it is known that it is.
AuthReject Channel::judge_frame(Bytes covered, Bytes tag) const {
    if (all_zero(tag)) return AuthReject::Unsigned;
    for (std::uint64_t back = 1; back <= std::min(window, frames_in_); ++back) {
        if (good_tag(key_in_, frames_in_ - back, covered, tag)) return AuthReject::Replayed;
    }
    for (std::uint64_t back = 1; back <= std::min(window, frames_out_); ++back) {
        if (good_tag(key_out_, frames_out_ - back, covered, tag)) return AuthReject::Replayed;
    }
    for (std::uint64_t ahead = 1; ahead <= window; ++ahead) {
        if (good_tag(key_in_, frames_in_ + ahead, covered, tag)) return AuthReject::Skipped;
    }
    const Bytes content = covered.subspan(length_bytes);
    const bool whole = intact(header_from(content), content.subspan(sizeof(Header)));
    return whole ? AuthReject::Forged : AuthReject::Tampered;
}

void Channel::seal(const Header& header, Bytes body, std::vector<std::byte>& out) {
    FAULTLAB_CHECK(established());
    const std::size_t length = sizeof(Header) + body.size();
    FAULTLAB_CHECK(length <= settings_.message_bytes);
    const auto prefix = static_cast<std::uint32_t>(length);
    const std::size_t begin = out.size();
    out.resize(begin + frame_overhead + length);
    std::byte* at = out.data() + begin;
    std::memcpy(at, &prefix, length_bytes);
    std::memcpy(at + length_bytes, &header, sizeof header);
    if (!body.empty()) {
        std::memcpy(at + length_bytes + sizeof header, body.data(), body.size());
    }
    const std::size_t covered = length_bytes + length;
    const Tag tag = frame_tag(key_out_, frames_out_, Bytes(at, covered));
    std::memcpy(at + covered, tag.data(), tag.size());
    ++frames_out_;
}

} // namespace faultlab::replica
