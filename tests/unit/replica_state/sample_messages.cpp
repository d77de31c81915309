#include "tests/unit/replica_state/sample_messages.hpp"

#include "replica/core/operations.hpp"

using namespace faultlab::replica;

namespace {

constexpr std::uint64_t cluster = 77;

Sample sealed(Header header, std::vector<std::byte> body = {}) {
    Sample sample{header, std::move(body)};
    seal(sample.header, sample.body);
    return sample;
}

Header from_replica(Command command) {
    Header header;
    header.cluster = cluster;
    header.protocol = protocol_version;
    header.release = 2;
    header.command = command;
    header.replica = 2;
    header.incarnation = 3;
    header.view = View::of(1, 4);
    header.log_view = View::of(1, 4);
    header.checkpoint_op = 4;
    header.checkpoint_id = {5, 6};
    return header;
}

Header about_client(Command command) {
    Header header = from_replica(command);
    header.client = 9;
    header.session = 2;
    header.request = 3;
    return header;
}

Header about_suffix(Command command) {
    Header header = from_replica(command);
    header.op = 7;
    header.commit = 4;
    header.count = 3;
    header.parent = sample_entry(7).header.checksum;
    return header;
}

Header with_nonce(Header header) {
    header.nonce = 99;
    return header;
}

template <typename Record>
void append(std::vector<std::byte>& body, const Record& record) {
    const Bytes bytes = std::as_bytes(std::span(&record, 1));
    body.insert(body.end(), bytes.begin(), bytes.end());
}

std::vector<std::byte> write_operation() {
    return encode({.code = OpCode::Write, .key = "key", .value = 1});
}

Sample request() {
    Header header = about_client(Command::Request);
    header.replica = no_replica;
    header.incarnation = 0;
    header.view = {};
    header.log_view = {};
    header.checkpoint_op = 0;
    header.checkpoint_id = {};
    header.trace = 12;
    return sealed(header, write_operation());
}

std::vector<std::byte> slots() {
    std::vector<std::byte> body;
    append(body, SlotRecord{sample_entry(5).header, SlotState::Present, {}});
    append(body, SlotRecord{{}, SlotState::Faulty, {}});
    append(body, SlotRecord{sample_entry(7).header, SlotState::Absent, {}});
    return body;
}

std::vector<std::byte> view_body() {
    std::vector<std::byte> body;
    append(body, Membership{.epoch = 1, .voter_count = 3, .voters = {1, 2, 3}});
    for (Op op = 5; op <= 7; ++op) {
        append(body, sample_entry(op).header);
    }
    return body;
}

std::vector<std::byte> entry_bytes(Op op) {
    std::vector<std::byte> body;
    const Sample entry = sample_entry(op);
    append(body, entry.header);
    body.insert(body.end(), entry.body.begin(), entry.body.end());
    return body;
}

Sample get_snapshot() {
    Header header = from_replica(Command::GetSnapshot);
    header.from = 1;
    header.to = 3;
    return sealed(header);
}

Sample snapshot() {
    Header header = from_replica(Command::Snapshot);
    header.from = 1;
    header.count = 4;
    return sealed(header, std::vector<std::byte>(100, std::byte{1}));
}

Sample get_log() {
    Header header = from_replica(Command::GetLog);
    header.from = 5;
    header.to = 7;
    return sealed(header);
}

Sample of_op(Command command, Op op, Op commit, bool with_parent) {
    Header header = from_replica(command);
    header.op = op;
    header.commit = commit;
    header.parent = with_parent ? Checksum{3, 4} : Checksum{};
    return sealed(header);
}

} // namespace

Sample Sample::with(const std::function<void(Sample&)>& change) const {
    Sample changed = *this;
    change(changed);
    seal(changed.header, changed.body);
    return changed;
}

Config sample_config() {
    Config config;
    config.cluster = cluster;
    config.self = 1;
    config.limits.message_bytes = 8192;
    config.limits.request_bytes = 1024;
    config.limits.pipeline = 4;
    config.limits.slots = 32;
    config.limits.batch = 8;
    return config;
}

Sample sample_entry(Op op) {
    Header header = from_replica(Command::Prepare);
    header.op = op;
    header.commit = op - 1;
    header.timestamp = 1000 + op;
    header.parent = op > 5 ? sample_entry(op - 1).header.checksum : Checksum{1, 2};
    header.count = 2;
    std::vector<std::byte> body(512);
    std::size_t used = append_request(
        body, 0, {.client = 9, .session = 2, .request = op, .trace = 1}, write_operation());
    used = append_request(body, used, {.client = 10}, encode({.code = OpCode::Register}));
    body.resize(used);
    return sealed(header, std::move(body));
}

Sample sample_primary_response() {
    Header header = with_nonce(about_suffix(Command::RecoveryResponse));
    header.flags = flag_primary;
    return sealed(header, view_body());
}

std::vector<Sample> sample_messages() {
    Header reply = about_client(Command::Reply);
    reply.op = 6;
    Header redirect = about_client(Command::Redirect);
    redirect.from = 3;
    Header log = from_replica(Command::Log);
    log.op = 6;
    return {request(),
            sealed(reply, std::vector<std::byte>(1)),
            sealed(with_nonce(about_client(Command::Busy))),
            sealed(about_client(Command::Evicted)),
            sealed(redirect),
            sample_entry(5),
            of_op(Command::PrepareOk, 7, 0, false),
            of_op(Command::Commit, 7, 7, false),
            sealed(from_replica(Command::Ping)),
            sealed(from_replica(Command::StartViewChange)),
            sealed(about_suffix(Command::DoViewChange), slots()),
            sealed(about_suffix(Command::StartView), view_body()),
            sealed(with_nonce(from_replica(Command::GetView))),
            get_log(),
            of_op(Command::GetPrepare, 7, 0, true),
            sealed(log, entry_bytes(6)),
            get_snapshot(),
            snapshot(),
            sealed(with_nonce(from_replica(Command::Recovery))),
            sealed(with_nonce(from_replica(Command::RecoveryResponse)))};
}

Sample sample(Command command) {
    return sample_messages()[static_cast<std::size_t>(command) - 1];
}
