#pragma once

#include "replica/core/config.hpp"
#include "replica/core/message.hpp"
#include "replica/wire/key.hpp"

#include <optional>
#include <vector>

namespace faultlab::replica {

/// Raised when the bytes of a connection change meaning; older ones are refused.
constexpr std::uint16_t wire_version = 1;

/// Bytes that a frame adds to its message: length before, authenticator after.
constexpr std::size_t frame_overhead = 4 + 16;
constexpr std::size_t hello_bytes = 112;
constexpr std::size_t proof_bytes = 32;

/// Why a connection was refused or cut. Each class is defined by what was observed, not by what the
/// peer may have meant; docs/reference/replica-frames.md has the table.
enum class AuthReject : std::uint8_t {
    None = 0,
    NotPeer,  ///< the first bytes are not the magic number: another program
    Version,  ///< another wire version
    Unsigned, ///< offers no authentication, or an authenticator that is all zeroes
    WrongKey, ///< signed with another key than ours, by the fingerprint that it states
    Tampered, ///< authenticator wrong, and the content's own checksum too: changed on its way
    Forged,   ///< authenticator wrong, the content whole: made by one who has not the key
    Replayed, ///< a genuine hello, proof or frame, but not of this place in this conversation
    Skipped,  ///< a genuine frame of this conversation, but those before it are missing
    Cluster,  ///< the right key, another cluster
    Peer,     ///< the right key, but not the replica that was expected, or ourselves
    Size,     ///< a frame smaller than a header or larger than the cap
};
constexpr std::size_t auth_reject_count = 12;
[[nodiscard]] const char* name(AuthReject reject);

/// One end of an authenticated connection over a byte stream: no socket, clock or randomness of its
/// own. Both ends send a hello with a fresh nonce, then prove that they have the key by signing
/// both hellos; session keys of each direction follow from the key and both hellos; then every
/// frame is signed with its number (Poly1305 with a one-time key from ChaCha20). There is no way to
/// agree on less. Owned by one thread; all memory is taken by the constructor and never grows.
class Channel {
public:
    struct Settings {
        bool dialled = false;          ///< whether we opened the connection
        ReplicaId self = no_replica;   ///< no_replica: a client
        std::optional<ReplicaId> peer; ///< refuse any other, where it is known
        std::uint64_t cluster = 0;
        std::uint32_t message_bytes = Limits{}.message_bytes; ///< cap, header included
    };
    /// What a hello says of who sent it, true or not.
    struct Claim {
        ReplicaId self = no_replica; ///< no_replica: a client
        std::uint64_t cluster = 0;
    };
    Channel(const Settings& settings, const Key& key, const Nonce& nonce);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// What has to be sent for the handshake: at once the hello, after a call of `next` perhaps the
    /// proof. Empty when there is nothing. Send it before anything that was sealed.
    [[nodiscard]] std::vector<std::byte> take_handshake();

    /// Where the next bytes from the stream go: never empty while `next` was called until it gave
    /// nothing and nothing was rejected.
    [[nodiscard]] std::span<std::byte> space();
    /// That many bytes of `space` were filled.
    void received(std::size_t bytes);
    /// The next whole frame with a good authenticator, or nothing: then more bytes are needed or
    /// the connection was rejected. What the frame says is checked by `validate`. The body lives
    /// until the next call of `space`.
    [[nodiscard]] std::optional<Message> next();

    /// Once it is not None the connection must be closed; nothing more comes out of it.
    [[nodiscard]] AuthReject rejected() const { return rejected_; }
    /// For people: what the hello claimed, once a whole one came. Proved only with established().
    [[nodiscard]] const std::optional<Claim>& claim() const { return claim_; }
    /// The peer has proved the key; `seal` may be used.
    [[nodiscard]] bool established() const { return stage_ == Stage::Open; }
    /// What the peer proved to be: a replica's id, or no_replica for a client (any holder of the
    /// key can be any of them). Requires: established().
    [[nodiscard]] ReplicaId peer() const { return peer_; }

    /// Appends the signed frame of a sealed message to `out`. Frames are numbered by the order of
    /// these calls: all must be sent, in that order. Requires: established(), a message that is not
    /// larger than the cap.
    void seal(const Header& header, Bytes body, std::vector<std::byte>& out);

private:
    enum class Stage : std::uint8_t { Hello, Proof, Open };
    using Secret = std::array<std::byte, 32>;

    bool take_hello();
    bool take_proof();
    std::optional<Message> take_frame();
    [[nodiscard]] static AuthReject judge_preamble(Bytes bytes);
    [[nodiscard]] AuthReject judge_hello(Bytes bytes);
    [[nodiscard]] AuthReject judge_frame(Bytes covered, Bytes tag) const;
    void derive(Bytes theirs);
    [[nodiscard]] Bytes unread() const;

    Settings settings_;
    Key key_;
    Stage stage_ = Stage::Hello;
    AuthReject rejected_ = AuthReject::None;
    ReplicaId peer_ = no_replica;
    std::optional<Claim> claim_;
    std::array<std::byte, hello_bytes> hello_{};
    std::vector<std::byte> handshake_; ///< not yet taken
    Secret own_proof_{};
    Secret expected_proof_{};
    Secret key_in_{};
    Secret key_out_{};
    std::uint64_t frames_in_ = 0;
    std::uint64_t frames_out_ = 0;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0; ///< of the bytes in buffer_ that were not taken yet
    std::size_t end_ = 0;
};

/// Whether header and body are what the header's checksums and size say.
[[nodiscard]] bool intact(const Header& header, Bytes body);

} // namespace faultlab::replica
