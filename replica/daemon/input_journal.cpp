#include "replica/daemon/input_journal.hpp"

#include "replica/core/checksum.hpp"
#include "replica/core/replica.hpp"
#include "replica/core/snapshot_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace faultlab::replica {
namespace {

constexpr std::uint64_t magic = 0x3130'6a6e'6c66'7672; // changes with the format
constexpr std::size_t flush_bytes = std::size_t{1} << 18U;

struct RecordHead {
    std::uint32_t size = 0; ///< of the record after this head
    std::uint32_t crc = 0;  ///< of the record: low half of its checksum
};

enum class Kind : std::uint8_t { Boot, Received, Rang, IoDone, LinkClosed };

std::uint32_t crc_of(Bytes bytes) {
    return static_cast<std::uint32_t>(checksum(bytes).low);
}

/// Appends to a vector what a SnapshotReader can read.
class Writer {
public:
    explicit Writer(std::vector<std::byte>& out) : out_(out) {}
    void bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& value) { bytes(std::as_bytes(std::span(&value, 1))); }

private:
    std::vector<std::byte>& out_;
};

/// Every field of the configuration once, for writing and for reading.
template <typename Config_, typename Field>
void each_field(Config_& config, Field field) {
    field(config.cluster);
    field(config.self);
    field(config.release);
    field(config.limits);
    field(config.timeouts.prepare);
    field(config.timeouts.heartbeat);
    field(config.timeouts.primary_silent);
    field(config.timeouts.view_change);
    field(config.timeouts.view_change_message);
    field(config.timeouts.get_view);
    field(config.timeouts.repair);
    field(config.timeouts.sync);
    field(config.timeouts.ping);
    field(config.timeouts.abdicate);
    field(config.timeouts.scrub);
    field(config.timeouts.idle_flush);
    field(config.timeouts.telemetry);
    field(config.timeouts.lease);
    field(config.timeouts.clock_drift);
    field(config.reads);
    field(config.admission.rate);
    field(config.admission.burst);
    field(config.scrub_reads);
}

std::string list_of(const BugSet& set) {
    std::string list;
    for (const BugEntry& known : bugs()) {
        if (!set.on(known.bug)) continue;
        list += list.empty() ? "" : ",";
        list += known.id;
    }
    return list;
}

void put(Writer& out, const Boot& boot) {
    out.put(Kind::Boot);
    out.put(boot.entropy);
    out.put(boot.recover);
}
void put(Writer& out, const Received& received) {
    out.put(Kind::Received);
    out.put(received.from);
    out.put(received.client_link);
    out.put(received.message.header);
    out.bytes(received.message.body);
}
void put(Writer& out, const Rang& rang) {
    out.put(Kind::Rang);
    out.put(rang.timer);
    out.put(rang.generation);
}
void put(Writer& out, const IoDone& done) {
    out.put(Kind::IoDone);
    out.put(done.id);
    out.put(done.status);
    out.put(static_cast<std::uint32_t>(done.bytes.size()));
    // Rings are mostly zeroes when they are young: those at the end are left out.
    const auto last = std::find_if(done.bytes.rbegin(), done.bytes.rend(), [](std::byte byte) {
        return byte != std::byte{0};
    });
    out.bytes(done.bytes.first(static_cast<std::size_t>(done.bytes.rend() - last)));
}
void put(Writer& out, const LinkClosed& closed) {
    out.put(Kind::LinkClosed);
    out.put(closed.client_link);
}

/// For people: "Received Prepare op 17 from 2".
std::string describe(const Input& input) {
    struct Words {
        std::string operator()(const Boot& boot) const {
            return fmt::format("Boot{}", boot.recover ? " to recover" : "");
        }
        std::string operator()(const Received& received) const {
            return fmt::format("Received {} view {:#x} op {} from {}",
                               name(received.message.header.command),
                               received.message.header.view.value,
                               received.message.header.op,
                               received.from == no_replica
                                   ? fmt::format("client link {}", received.client_link)
                                   : fmt::format("replica {}", received.from));
        }
        std::string operator()(const Rang& rang) const {
            return fmt::format("timer {} {}", name(rang.timer), rang.generation);
        }
        std::string operator()(const IoDone& done) const {
            return fmt::format("I/O {} done, status {}", done.id, static_cast<int>(done.status));
        }
        std::string operator()(const LinkClosed& closed) const {
            return fmt::format("client link {} closed", closed.client_link);
        }
    };
    return std::visit(Words{}, input.what);
}

} // namespace

enum class EffectsChain::Kind : std::uint8_t { Send, Reply, Arm, Read, Write, Sync, Event, Halt };

void EffectsChain::link(Kind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c, Bytes bytes) {
    const std::array<std::uint64_t, 6> fields{
        value_, static_cast<std::uint64_t>(kind), a, b, c, bytes.size()};
    value_ = checksum(std::as_bytes(std::span(fields))).low;
    if (!bytes.empty()) value_ = checksum(bytes, value_).low;
}

void EffectsChain::send(ReplicaId to, const Header& header, Bytes body) {
    link(Kind::Send, to, 0, 0, bytes_of(header));
    link(Kind::Send, to, 0, 1, body);
    if (next_ != nullptr) next_->send(to, header, body);
}
void EffectsChain::reply(std::uint64_t client_link, const Header& header, Bytes body) {
    link(Kind::Reply, client_link, 0, 0, bytes_of(header));
    link(Kind::Reply, client_link, 0, 1, body);
    if (next_ != nullptr) next_->reply(client_link, header, body);
}
void EffectsChain::arm(Timer timer, std::uint32_t generation, Nanos delay) {
    link(Kind::Arm,
         static_cast<std::uint64_t>(timer),
         generation,
         static_cast<std::uint64_t>(delay));
    if (next_ != nullptr) next_->arm(timer, generation, delay);
}
void EffectsChain::read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) {
    link(Kind::Read, static_cast<std::uint64_t>(zone), offset, id);
    link(Kind::Read, length, 0, 0);
    if (next_ != nullptr) next_->read(zone, offset, length, id);
}
void EffectsChain::write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) {
    link(Kind::Write, static_cast<std::uint64_t>(zone), offset, id, bytes);
    if (next_ != nullptr) next_->write(zone, offset, bytes, id);
}
void EffectsChain::sync(Zone zone, IoId id) {
    link(Kind::Sync, static_cast<std::uint64_t>(zone), id, 0);
    if (next_ != nullptr) next_->sync(zone, id);
}
void EffectsChain::event(const Event& event) {
    link(Kind::Event,
         static_cast<std::uint64_t>(event.kind),
         event.a,
         event.b,
         std::as_bytes(std::span(&event.checksum, 1)));
    if (next_ != nullptr) next_->event(event);
}
void EffectsChain::halt(std::string_view reason) {
    link(Kind::Halt, 0, 0, 0, std::as_bytes(std::span(reason)));
    halted_ = reason;
    if (next_ != nullptr) next_->halt(reason);
}

Result<InputJournal>
InputJournal::create(const std::filesystem::path& file, const Config& config, const BugSet& bugs) {
    InputJournal journal;
    int problem = EEXIST;
    for (int start = 1; problem == EEXIST; ++start) {
        journal.path_ = file.native() + "." + std::to_string(start);
        problem = journal.file_.open(journal.path_, O_WRONLY | O_CREAT | O_EXCL);
    }
    if (problem != 0) {
        return environment_error(
            fmt::format("creating {}: {}", journal.path_.native(), errno_words(problem)),
            "--journal names a file in a directory that can be written");
    }
    Writer(journal.buffer_).put(magic);
    journal.record_ = journal.buffer_.size();
    Writer out(journal.buffer_);
    out.put(RecordHead{});
    each_field(config, [&](const auto& field) { out.put(field); });
    const std::string list = list_of(bugs);
    out.bytes(std::as_bytes(std::span(list)));
    journal.end_record();
    return journal;
}

void InputJournal::append(const Input& input, std::uint64_t chain) {
    record_ = buffer_.size();
    Writer out(buffer_);
    out.put(RecordHead{});
    out.put(chain);
    out.put(input.now);
    out.put(input.wall);
    std::visit([&](const auto& what) { put(out, what); }, input.what);
    end_record();
}

void InputJournal::end_record() {
    const Bytes record = Bytes(buffer_).subspan(record_ + sizeof(RecordHead));
    const RecordHead head{.size = static_cast<std::uint32_t>(record.size()), .crc = crc_of(record)};
    std::memcpy(buffer_.data() + record_, &head, sizeof head);
    if (buffer_.size() >= flush_bytes) flush();
}

void InputJournal::flush() {
    if (buffer_.empty()) return;
    if (file_.write_at(written_, buffer_) == 0) {
        written_ += buffer_.size();
    } else {
        file_ = File(); // what follows a gap could not be read: later writes fail as well
    }
    buffer_.clear();
}

Result<InputJournalReader> InputJournalReader::open(const std::filesystem::path& path) {
    InputJournalReader reader;
    File file;
    std::uint64_t size = 0;
    int problem = file.open(path, O_RDONLY);
    if (problem == 0) problem = file.size(size);
    if (problem == 0) {
        reader.file_.resize(size);
        problem = file.read_at(0, reader.file_);
    }
    if (problem != 0) {
        return usage_error(fmt::format("reading {}: {}", path.native(), errno_words(problem)),
                           "give a file that faultlab-replica run --journal made");
    }
    reader.rest_ = reader.file_;
    std::uint64_t found = 0;
    if (reader.rest_.size() >= sizeof found) {
        std::memcpy(&found, reader.rest_.data(), sizeof found);
        reader.rest_ = reader.rest_.subspan(sizeof found);
    }
    const auto head = found == magic ? reader.take_record() : std::nullopt;
    if (!head) {
        return usage_error(
            fmt::format("reading {}: it is no input journal of this release", path.native()),
            "give a file that faultlab-replica run --journal made");
    }
    SnapshotReader in(*head);
    each_field(reader.config_,
               [&](auto& field) { field = in.get<std::decay_t<decltype(field)>>(); });
    const Bytes list = in.bytes(in.remaining());
    const ParsedBugs parsed =
        parse_bugs(std::string_view(reinterpret_cast<const char*>(list.data()), list.size()));
    if (in.failed() || parsed.unknown) {
        return usage_error(
            fmt::format("reading {}: its configuration is of another release", path.native()));
    }
    reader.bugs_ = parsed.bugs;
    return reader;
}

std::optional<Bytes> InputJournalReader::take_record() {
    RecordHead head;
    if (rest_.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, rest_.data(), sizeof head);
    if (rest_.size() - sizeof head < head.size) return std::nullopt;
    const Bytes record = rest_.subspan(sizeof head, head.size);
    if (crc_of(record) != head.crc) return std::nullopt;
    rest_ = rest_.subspan(sizeof head + head.size);
    return record;
}

std::optional<InputJournalReader::Recorded> InputJournalReader::next() {
    const auto record = take_record();
    if (!record) return std::nullopt;
    SnapshotReader in(*record);
    Recorded recorded;
    recorded.chain = in.get<std::uint64_t>();
    recorded.input.now = in.get<Nanos>();
    recorded.input.wall = in.get<std::uint64_t>();
    switch (in.get<Kind>()) {
        case Kind::Boot: {
            const auto entropy = in.get<std::uint64_t>();
            recorded.input.what = Boot{.entropy = entropy, .recover = in.get<bool>()};
            break;
        }
        case Kind::Received: {
            Received received;
            received.from = in.get<ReplicaId>();
            received.client_link = in.get<std::uint64_t>();
            received.message.header = in.get<Header>();
            received.message.body = in.bytes(in.remaining());
            recorded.input.what = received;
            break;
        }
        case Kind::Rang: {
            const auto timer = in.get<Timer>();
            recorded.input.what = Rang{.timer = timer, .generation = in.get<std::uint32_t>()};
            break;
        }
        case Kind::IoDone: {
            IoDone done;
            done.id = in.get<IoId>();
            done.status = in.get<IoStatus>();
            const auto size = in.get<std::uint32_t>();
            const Bytes stored = in.bytes(std::min<std::size_t>(in.remaining(), size));
            read_.assign(stored.begin(), stored.end());
            read_.resize(size);
            done.bytes = read_;
            recorded.input.what = done;
            break;
        }
        case Kind::LinkClosed: recorded.input.what = LinkClosed{in.get<std::uint64_t>()}; break;
    }
    if (in.failed()) return std::nullopt;
    return recorded;
}

NodeReplay replay(InputJournalReader& journal, Effects* seen) {
    NodeReplay outcome;
    EffectsChain chain(seen);
    const auto replica = std::make_unique<Replica>(journal.config(), journal.bugs());
    while (const auto recorded = journal.next()) {
        replica->step(recorded->input, chain);
        ++outcome.inputs;
        outcome.chain = chain.value();
        outcome.last = recorded->input.now;
        if (chain.value() == recorded->chain) continue;
        outcome.differs = fmt::format("input {} ({}) had effects {:016x}, and now has {:016x}",
                                      outcome.inputs,
                                      describe(recorded->input),
                                      recorded->chain,
                                      chain.value());
        break;
    }
    outcome.bytes_unread = journal.unread();
    outcome.halted = chain.halted();
    return outcome;
}

} // namespace faultlab::replica
