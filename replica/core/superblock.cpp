#include "replica/core/superblock.hpp"

#include "replica/core/assert.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace faultlab::replica {
namespace {

/// Of a copy, with `copy` as the only difference between the four.
std::optional<Superblock> copy_at(Bytes zone, std::size_t index) {
    if (zone.size() < (index + 1) * superblock_bytes) {
        return std::nullopt;
    }
    Superblock superblock;
    std::memcpy(&superblock, zone.data() + index * superblock_bytes, sizeof superblock);
    // One that says it is another copy was written to the wrong place: this place lost its own.
    if (superblock.copy != index || superblock.checksum != checksum_of(superblock)) {
        return std::nullopt;
    }
    return superblock;
}

struct Candidate {
    Superblock superblock;
    std::size_t copies = 0;
};

} // namespace

Checksum checksum_of(const Superblock& superblock) {
    Superblock plain = superblock;
    plain.copy = 0;
    return checksum(std::as_bytes(std::span(&plain, 1)).subspan(sizeof(Checksum)));
}

std::optional<Superblock> open_superblock(Bytes zone, BugSet& bugs) {
    std::array<Candidate, superblock_copies> candidates;
    for (std::size_t index = 0; index < superblock_copies; ++index) {
        const auto copy = copy_at(zone, index);
        if (!copy) {
            continue;
        }
        for (Candidate& candidate : candidates) {
            if (candidate.copies == 0 || candidate.superblock.checksum == copy->checksum) {
                candidate.superblock = *copy;
                ++candidate.copies;
                break;
            }
        }
    }
    // Two copies of one superblock are whole at every moment (SuperblockFile), and a single copy
    // may be one that was written to, or read from, the wrong place long ago.
    const Candidate* newest = nullptr;
    const Candidate* first = nullptr; // of the copies, whatever its age
    for (const Candidate& candidate : candidates) {
        if (candidate.copies == 0) {
            continue;
        }
        first = first == nullptr ? &candidate : first;
        if (candidate.copies >= 2 &&
            (newest == nullptr || newest->superblock.sequence < candidate.superblock.sequence)) {
            newest = &candidate;
        }
    }
    if (bugs.changes(Bug::B3, [&] {
            return first != nullptr &&
                   (newest == nullptr || first->superblock.checksum != newest->superblock.checksum);
        })) {
        newest = first;
    }
    if (newest == nullptr) {
        return std::nullopt;
    }
    Superblock opened = newest->superblock;
    opened.copy = 0;
    return opened;
}

void lay_out(const Superblock& superblock, std::span<std::byte> zone) {
    REPLICA_ASSERT("superblock.zone", zone.size() >= superblock_copies * superblock_bytes);
    REPLICA_ASSERT("superblock.sealed", superblock.checksum == checksum_of(superblock));
    std::memset(zone.data(), 0, superblock_copies * superblock_bytes);
    Superblock copy = superblock;
    for (std::size_t index = 0; index < superblock_copies; ++index) {
        copy.copy = static_cast<std::uint8_t>(index);
        std::memcpy(zone.data() + index * superblock_bytes, &copy, sizeof copy);
    }
}

SuperblockFile::SuperblockFile(BugSet& bugs) : bugs_(bugs) {}

void SuperblockFile::opened(const Superblock& superblock) {
    REPLICA_ASSERT("superblock.opened-idle", sync_ == 0);
    REPLICA_ASSERT("superblock.opened-first", wanted_ticket_ == 0);
    REPLICA_ASSERT("superblock.opened-sealed", superblock.checksum == checksum_of(superblock));
    REPLICA_ASSERT("superblock.opened-copy", superblock.copy == 0); // no one of them
    durable_ = superblock;
    wanted_ = superblock;
}

std::uint64_t SuperblockFile::store(const Superblock& wanted, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("superblock.view-never-falls",
                   wanted.view >= wanted_.view || bugs_.on(Bug::KM7) || bugs_.on(Bug::V5) ||
                       bugs_.on(Bug::V6));
    REPLICA_ASSERT("superblock.log-view-within-view",
                   (wanted.log_view >= wanted_.log_view && wanted.log_view <= wanted.view) ||
                       bugs_.on(Bug::KM7) || bugs_.on(Bug::V5) || bugs_.on(Bug::V6));
    REPLICA_ASSERT("superblock.checkpoint-never-falls",
                   wanted.checkpoint_op >= wanted_.checkpoint_op || bugs_.on(Bug::V5) ||
                       bugs_.on(Bug::V6));
    REPLICA_ASSERT("superblock.ended-log-awaits-view",
                   wanted.log_end == open_end || wanted.view > wanted.log_view);
    REPLICA_ASSERT("superblock.doubt-of-ended-log",
                   wanted.doubt_end == 0 || wanted.log_end != open_end);
    REPLICA_ASSERT("superblock.incarnation-never-falls", wanted.incarnation >= wanted_.incarnation);
    REPLICA_ASSERT("superblock.release-never-falls",
                   wanted.release_active >= wanted_.release_active);
    REPLICA_ASSERT("superblock.area", wanted.checkpoint_area < 2);
    REPLICA_ASSERT("superblock.identity", wanted_ticket_ == 0 || wanted.self == wanted_.self);
    REPLICA_ASSERT("superblock.cluster", wanted_ticket_ == 0 || wanted.cluster == wanted_.cluster);
    REPLICA_ASSERT("superblock.limits", wanted_ticket_ == 0 || wanted.limits == wanted_.limits);
    REPLICA_ASSERT("superblock.recovering-ends",
                   wanted_ticket_ == 0 || wanted.recovering <= wanted_.recovering);
    REPLICA_ASSERT("superblock.epoch-never-falls",
                   wanted.membership.epoch >= wanted_.membership.epoch || bugs_.on(Bug::KM7) ||
                       bugs_.on(Bug::V5) || bugs_.on(Bug::V6));
    Lives known = wanted.lives;
    known.learn(wanted_.lives);
    REPLICA_ASSERT("superblock.lives-never-fall", known == wanted.lives);
    wanted_ = wanted;
    ++wanted_ticket_;
    if (sync_ == 0) {
        start(next_io, effects);
    }
    return wanted_ticket_;
}

void SuperblockFile::start(IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("superblock.start-idle", sync_ == 0);
    REPLICA_ASSERT("superblock.start-wanted", wanted_ticket_ > done_);
    wanted_.sequence = durable_.sequence + 1;
    wanted_.parent = durable_.checksum;
    wanted_.copy = 0;
    wanted_.checksum = checksum_of(wanted_);
    writing_ = wanted_;
    writing_ticket_ = wanted_ticket_;
    lay_out(writing_, zone_);
    second_half_ = false;
    write_half(0, next_io, effects);
}

void SuperblockFile::write_half(std::size_t first_copy, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("superblock.half", first_copy == (second_half_ ? superblock_copies / 2 : 0));
    REPLICA_ASSERT("superblock.io", next_io != 0); // which means none
    const std::size_t offset = first_copy * superblock_bytes;
    write_ = next_io++;
    effects.write(Zone::Superblock,
                  offset,
                  Bytes(zone_).subspan(offset, superblock_copies / 2 * superblock_bytes),
                  write_);
    sync_ = next_io++;
    effects.sync(Zone::Superblock, sync_);
}

bool SuperblockFile::on_io(const IoDone& done, IoId& next_io, Effects& effects) {
    if (sync_ == 0 || (done.id != write_ && done.id != sync_)) {
        return false;
    }
    if (done.status != IoStatus::Ok && !bugs_.changes(Bug::B25, [&] { return done.id == sync_; })) {
        failed_ = true;
        return true;
    }
    if (done.id == write_) {
        return true;
    }
    if (!second_half_) {
        second_half_ = true;
        write_half(superblock_copies / 2, next_io, effects);
        return true;
    }
    REPLICA_ASSERT("superblock.ticket-ascends", writing_ticket_ > done_);
    REPLICA_ASSERT("superblock.ticket-wanted", writing_ticket_ <= wanted_ticket_);
    REPLICA_ASSERT("superblock.sequence-ascends", writing_.sequence == durable_.sequence + 1);
    REPLICA_ASSERT("superblock.chained", writing_.parent == durable_.checksum);
    sync_ = 0;
    durable_ = writing_;
    done_ = writing_ticket_;
    if (wanted_ticket_ > done_) {
        start(next_io, effects);
    }
    return true;
}

} // namespace faultlab::replica
