#pragma once

#include "replica/core/records.hpp"

#include <functional>
#include <vector>

/// A message that owns its body, sealed.
struct Sample {
    faultlab::replica::Header header;
    std::vector<std::byte> body;

    [[nodiscard]] faultlab::replica::Message message() const { return {header, body}; }
    /// A copy with changes, sealed again.
    [[nodiscard]] Sample with(const std::function<void(Sample&)>& change) const;
};

faultlab::replica::Config sample_config();

/// A valid message of every command, in the order of the commands. Entries 5, 6 and 7 follow each
/// other: a DoViewChange and a StartView carry their headers.
std::vector<Sample> sample_messages();
Sample sample(faultlab::replica::Command command);
/// Entry `op` of one chain.
Sample sample_entry(faultlab::replica::Op op);
/// A RecoveryResponse of a primary.
Sample sample_primary_response();
