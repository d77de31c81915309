#include "replica/daemon/disk_double.hpp"

#include "core/rng.hpp"
#include "replica/core/checksum.hpp"
#include "replica/daemon/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

namespace faultlab::replica {
namespace {

enum Kind : std::uint8_t { write_record = 1, synced_record = 2, sync_failed_record = 3 };

/// Before the old and the new bytes of a record.
struct RecordHead {
    Checksum checksum; ///< of all that follows, so that a record cut short by the kill is none
    std::uint64_t kind = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0; ///< of the old bytes, and of the new ones
};
static_assert(sizeof(RecordHead) == 40);

std::filesystem::path log_of(const std::filesystem::path& file) {
    return file.native() + ".unsynced";
}

using Records = std::vector<std::pair<RecordHead, Bytes>>;

/// The whole records at the log's beginning; `used` says how many bytes they take.
Records parse(Bytes log, std::uint64_t& used) {
    Records records;
    used = 0;
    while (log.size() >= sizeof(RecordHead)) {
        RecordHead head;
        std::memcpy(&head, log.data(), sizeof head);
        const std::size_t rest = log.size() - sizeof head;
        if (head.length > rest / 2) break;
        const std::size_t whole = sizeof head + 2 * head.length;
        if (checksum(log.first(whole).subspan(sizeof(Checksum))) != head.checksum) break;
        records.emplace_back(head, log.first(whole).subspan(sizeof head));
        log = log.subspan(whole);
        used += whole;
    }
    return records;
}

int read_log(const File& log, std::vector<std::byte>& bytes) {
    std::uint64_t size = 0;
    const int problem = log.size(size);
    if (problem != 0) return problem;
    bytes.resize(size);
    return log.read_at(0, bytes);
}

using Sector = std::array<std::byte, sector_bytes>;

/// One write that no sync has covered.
struct Write {
    enum class Fate : std::uint8_t { Keep, Drop, Tear };
    Fate fate = Fate::Keep;
    std::uint64_t sectors_kept = 0;
    std::uint64_t sectors_dropped = 0;
};
/// What one sector held after a write.
struct Version {
    std::size_t write = 0;
    Sector bytes{};
};
/// A sector that was written: what the disk surely holds, and what it may hold instead.
struct History {
    Sector durable{};
    std::vector<Version> versions;
};

/// Reads the log of one file, and says what the disk may hold.
class Unsynced {
public:
    explicit Unsynced(const File& file) : file_(file) {}

    /// 0 or the errno of reading.
    int read(Bytes log) {
        // Back to before the first record first: only then are whole sectors known.
        std::uint64_t used = 0;
        const Records records = parse(log, used);
        std::map<std::uint64_t, Sector> current;
        if (const int problem = load(records, current); problem != 0) return problem;
        for (auto record = records.rbegin(); record != records.rend(); ++record) {
            patch(current, record->first.offset, record->second.first(record->first.length));
        }
        for (const auto& [number, bytes] : current)
            sectors_[number].durable = bytes;
        for (const auto& [head, bytes] : records)
            apply(head, bytes, current);
        return 0;
    }

    /// Draws every write's fate and writes the result to the file.
    int cut(Rng& rng, PowerCut& outcome) {
        // Often nothing of a file had been written back yet: the kernel takes its time.
        const bool nothing_kept = rng.chance(1, 3);
        for (Write& write : writes_) {
            write.fate = nothing_kept ? Write::Fate::Drop : static_cast<Write::Fate>(rng.below(3));
        }
        for (auto& [number, history] : sectors_) {
            Sector bytes = history.durable;
            for (const Version& version : history.versions) {
                Write& write = writes_[version.write];
                const bool kept = write.fate == Write::Fate::Keep ||
                                  (write.fate == Write::Fate::Tear && rng.chance(1, 2));
                ++(kept ? write.sectors_kept : write.sectors_dropped);
                if (kept) bytes = version.bytes;
            }
            const int problem = file_.write_at(number * sector_bytes, bytes);
            if (problem != 0) return problem;
        }
        for (const Write& write : writes_) {
            if (write.sectors_kept + write.sectors_dropped == 0) continue; // was synced later
            ++(write.sectors_dropped == 0 ? outcome.kept
               : write.sectors_kept == 0  ? outcome.dropped
                                          : outcome.torn);
        }
        return 0;
    }

private:
    int load(const Records& records, std::map<std::uint64_t, Sector>& current) const {
        for (const auto& [head, bytes] : records) {
            const std::uint64_t end = head.offset + head.length;
            for (std::uint64_t at = head.offset / sector_bytes; at * sector_bytes < end; ++at) {
                const auto [place, fresh] = current.try_emplace(at);
                if (!fresh) continue;
                const int problem = file_.read_at(at * sector_bytes, place->second);
                if (problem != 0) return problem;
            }
        }
        return 0;
    }

    static void patch(std::map<std::uint64_t, Sector>& current, std::uint64_t offset, Bytes bytes) {
        while (!bytes.empty()) {
            Sector& sector = current.at(offset / sector_bytes);
            const std::size_t within = offset % sector_bytes;
            const std::size_t size = std::min(bytes.size(), sector_bytes - within);
            std::memcpy(sector.data() + within, bytes.data(), size);
            bytes = bytes.subspan(size);
            offset += size;
        }
    }

    void apply(const RecordHead& head, Bytes bytes, std::map<std::uint64_t, Sector>& current) {
        switch (head.kind) {
            case write_record: {
                patch(current, head.offset, bytes.subspan(head.length));
                const std::uint64_t end = head.offset + head.length;
                for (std::uint64_t at = head.offset / sector_bytes; at * sector_bytes < end; ++at) {
                    sectors_[at].versions.push_back({writes_.size(), current.at(at)});
                }
                writes_.emplace_back();
                return;
            }
            case synced_record:
                for (auto& [number, history] : sectors_) {
                    const bool covered =
                        !history.versions.empty() && history.versions.back().write >= first_unlost_;
                    if (!covered) continue;
                    history.durable = history.versions.back().bytes;
                    history.versions.clear();
                }
                return;
            case sync_failed_record: first_unlost_ = writes_.size(); return;
            default: return;
        }
    }

    const File& file_;
    std::map<std::uint64_t, History> sectors_;
    std::vector<Write> writes_;
    std::size_t first_unlost_ = 0; ///< writes before it were lost by a failed sync
};

Result<void> cut_file(const std::filesystem::path& path, Rng rng, PowerCut& outcome) {
    File file;
    File log;
    std::vector<std::byte> records;
    int problem = log.open(log_of(path), O_RDWR);
    if (problem == ENOENT) {
        return usage_error(
            fmt::format("power cut of {}: no --disk-double ran on it", path.native()));
    }
    if (problem == 0) problem = file.open(path, O_RDWR);
    if (problem == 0) problem = read_log(log, records);
    Unsynced unsynced(file);
    if (problem == 0) problem = unsynced.read(records);
    if (problem == 0) problem = unsynced.cut(rng, outcome);
    if (problem == 0) problem = log.resize(0);
    if (problem == 0) return {};
    return lab_error(fmt::format("power cut of {}: {}", path.native(), errno_words(problem)));
}

} // namespace

Result<UnsyncedLog> UnsyncedLog::open(const std::filesystem::path& file) {
    UnsyncedLog opened;
    int problem = opened.log_.open(log_of(file), O_RDWR | O_CREAT);
    std::vector<std::byte> records;
    if (problem == 0) problem = read_log(opened.log_, records);
    if (problem == 0) {
        parse(records, opened.end_);
        problem = opened.log_.resize(opened.end_); // the rest is a record that a kill cut short
    }
    if (problem != 0) {
        return environment_error(
            fmt::format("opening {}: {}", log_of(file).native(), errno_words(problem)));
    }
    // Whoever left records unsynced may have had a failed sync among them.
    opened.lost_some_ = opened.end_ != 0;
    return opened;
}

int UnsyncedLog::append(std::uint64_t kind, std::uint64_t offset, Bytes before, Bytes after) {
    RecordHead head{.kind = kind, .offset = offset, .length = before.size()};
    record_.resize(sizeof head);
    record_.insert(record_.end(), before.begin(), before.end());
    record_.insert(record_.end(), after.begin(), after.end());
    std::memcpy(record_.data(), &head, sizeof head);
    head.checksum = checksum(Bytes(record_).subspan(sizeof(Checksum)));
    std::memcpy(record_.data(), &head, sizeof head);
    const int problem = log_.write_at(end_, record_);
    if (problem == 0) end_ += record_.size();
    return problem;
}

int UnsyncedLog::record(std::uint64_t offset, Bytes before, Bytes after) {
    return append(write_record, offset, before, after);
}

int UnsyncedLog::synced() {
    if (lost_some_) return append(synced_record, 0, {}, {});
    end_ = 0;
    return log_.resize(0);
}

int UnsyncedLog::sync_failed() {
    lost_some_ = true;
    return append(sync_failed_record, 0, {}, {});
}

Result<PowerCut> power_cut(const std::filesystem::path& data, std::uint64_t seed) {
    PowerCut outcome;
    const Rng rng(seed);
    for (std::size_t i = 0; i < zone_count; ++i) {
        const Zone zone = static_cast<Zone>(i);
        FAULTLAB_DO(cut_file(zone_file(data, zone), rng.split(name(zone)), outcome));
    }
    return outcome;
}

} // namespace faultlab::replica
