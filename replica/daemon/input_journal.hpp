#pragma once

#include "core/result.hpp"
#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/input.hpp"
#include "replica/daemon/file.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace faultlab::replica {

/// A running checksum of everything that a replica asked of the world: equal chains, equal effects
/// byte for byte. Passes every effect on, if there is somebody to pass it to.
class EffectsChain final : public Effects {
public:
    explicit EffectsChain(Effects* next = nullptr) : next_(next) {}
    [[nodiscard]] std::uint64_t value() const { return value_; }
    /// The reason for which the replica stopped; empty: it did not.
    [[nodiscard]] const std::string& halted() const { return halted_; }

    void send(ReplicaId to, const Header& header, Bytes body) override;
    void reply(std::uint64_t client_link, const Header& header, Bytes body) override;
    void arm(Timer timer, std::uint32_t generation, Nanos delay) override;
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override;
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override;
    void sync(Zone zone, IoId id) override;
    void event(const Event& event) override;
    void halt(std::string_view reason) override;

private:
    enum class Kind : std::uint8_t;
    void link(Kind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c, Bytes bytes = {});

    Effects* next_;
    std::uint64_t value_ = 0;
    std::string halted_;
};

/// Writes every input of one start of a replica, and after each the chain of effects so far, so
/// that the start can be executed again elsewhere. Disk reads are inputs too: nothing else is
/// needed. Buffered until `flush`, never synced: a kill loses what was not flushed and nothing
/// before. A write that fails ends the journal, not the replica.
class InputJournal {
public:
    /// Creates FILE.1, or the first of FILE.2, FILE.3, … that is not there.
    [[nodiscard]] static Result<InputJournal>
    create(const std::filesystem::path& file, const Config& config, const BugSet& bugs);

    /// `chain`: after the step that had this input.
    void append(const Input& input, std::uint64_t chain);
    /// Hands what is buffered to the kernel.
    void flush();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    void end_record();

    std::filesystem::path path_;
    File file_;
    std::uint64_t written_ = 0;
    std::size_t record_ = 0; ///< where the record begins that is being made
    std::vector<std::byte> buffer_;
};

/// Reads what an InputJournal wrote, from memory.
class InputJournalReader {
public:
    /// Fails when the file is no journal, or its head is damaged.
    [[nodiscard]] static Result<InputJournalReader> open(const std::filesystem::path& path);

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] const BugSet& bugs() const { return bugs_; }

    struct Recorded {
        Input input; ///< spans live as long as the reader, bytes of reads until the next call
        std::uint64_t chain = 0;
    };
    /// The next input; nothing at the end, or where a record is cut off or damaged.
    [[nodiscard]] std::optional<Recorded> next();
    /// Bytes after the last whole record; known when `next` gave nothing.
    [[nodiscard]] std::size_t unread() const { return rest_.size(); }

private:
    [[nodiscard]] std::optional<Bytes> take_record();

    std::vector<std::byte> file_;
    Bytes rest_;
    Config config_;
    BugSet bugs_;
    std::vector<std::byte> read_; ///< of an IoDone, trailing zeroes restored
};

/// What a second execution of a journal gave.
struct NodeReplay {
    std::uint64_t inputs = 0;           ///< executed
    std::uint64_t chain = 0;            ///< of their effects
    std::size_t bytes_unread = 0;       ///< of a record that was cut off
    std::optional<Nanos> last;          ///< `now` of the last input
    std::string halted;                 ///< the reason, if it halted
    std::optional<std::string> differs; ///< the first input whose effects were others, for people
};
/// Effects that nobody wants; what is to be seen of them, a class that is derived overrides.
class NoEffects : public Effects {
public:
    void send(ReplicaId, const Header&, Bytes) override {}
    void reply(std::uint64_t, const Header&, Bytes) override {}
    void arm(Timer, std::uint32_t, Nanos) override {}
    void read(Zone, std::uint64_t, std::uint32_t, IoId) override {}
    void write(Zone, std::uint64_t, Bytes, IoId) override {}
    void sync(Zone, IoId) override {}
    void event(const Event&) override {}
    void halt(std::string_view) override {}
};

/// Executes the inputs until the end, or until effects differ. Pure but for memory. `seen`, if any,
/// is given all effects.
[[nodiscard]] NodeReplay replay(InputJournalReader& journal, Effects* seen = nullptr);

} // namespace faultlab::replica
