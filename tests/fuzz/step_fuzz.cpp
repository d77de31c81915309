// One replica of three, told anything by the other two and by clients: sealed messages whose fields
// lie close to what the replica knows, so that they get far. It may refuse, ignore or stop: lies
// are outside the fault model, so a broken invariant that stops it contains them too, and is only
// named once. It may not crash, hang, write beside its files or pass nonsense on.

#include "replica/core/operations.hpp"
#include "tests/fuzz/small_world.hpp"

#include <set>

using namespace faultlab::fuzz;
using namespace faultlab::replica;

namespace {

const Membership three{.voter_count = 3, .voters = {1, 2, 3}, .standby_count = 0};

/// Makes one message out of the fuzzer's bytes and of what the replica shows.
class Liar {
public:
    Liar(FuzzInput& input, const SmallWorld& world)
        : input_(input), world_(world), telemetry_(world.telemetry()) {}

    /// Its header is sealed last, so that a body can be put in first.
    struct Lie {
        Header header;
        std::vector<std::byte> body;
    };
    Lie tell() {
        Lie lie;
        Header& header = lie.header;
        header.command = static_cast<Command>(input_.below(last_command + 1U));
        header.protocol = protocol_version;
        header.cluster = cluster;
        header.release = 1 + input_.byte() % 2U;
        if (header.command == Command::Request) {
            ask(lie);
        } else {
            header.replica = static_cast<ReplicaId>(2 + input_.byte() % 2);
            header.incarnation = input_.byte() % 4U;
            state_of_sender(header);
            fields(header);
            body(lie);
        }
        seal(header, lie.body);
        return lie;
    }

private:
    void ask(Lie& lie) {
        lie.header.client = 1 + input_.byte() % 6U;
        lie.header.request = input_.byte() % 4U;
        if (lie.header.request != 0) lie.header.session = 1 + input_.byte() % 4U;
        lie.body = operation(lie.header.request == 0);
    }
    std::vector<std::byte> operation(bool registers) {
        if (registers) return encode({.code = OpCode::Register});
        switch (input_.below(6)) {
            case 0: return encode({.code = OpCode::Write, .key = input_.byte(), .value = 1});
            case 1: return encode({.code = OpCode::Read, .key = input_.byte()});
            case 2: return encode({.code = OpCode::Scan, .key = 0, .expected = input_.byte()});
            case 3: {
                Membership next = three;
                next.epoch = telemetry_.membership.epoch + 1;
                next.voters[2] = static_cast<ReplicaId>(1 + input_.byte() % 5);
                if (!next.well_formed()) return encode({.code = OpCode::Read, .key = 1});
                return encode({.code = OpCode::Reconfigure, .membership = next});
            }
            case 4: return encode({.code = OpCode::Upgrade, .release = 1 + input_.byte() % 3U});
            default: break;
        }
        const Bytes raw = input_.take_bytes(1 + input_.below(40));
        std::vector<std::byte> bytes(raw.begin(), raw.end());
        if (bytes.empty()) bytes.push_back(std::byte{2});
        return bytes;
    }
    void state_of_sender(Header& header) {
        header.view = View{input_.near(telemetry_.view.value)};
        header.log_view = View{input_.near(telemetry_.log_view.value)};
        header.checkpoint_op = input_.near(telemetry_.checkpoint);
        if (header.checkpoint_op != 0) header.checkpoint_id = some_checksum();
    }
    /// Zero where the command does not use a field: otherwise nothing gets past validation.
    void fields(Header& header) {
        using enum Command;
        const Command command = header.command;
        const auto is = [&](std::initializer_list<Command> commands) {
            return std::ranges::find(commands, command) != commands.end();
        };
        const bool suffix = is({DoViewChange, StartView, RecoveryResponse});
        if (suffix || is({Prepare, PrepareOk, Commit, Ping, GetPrepare, Log})) {
            header.op = input_.near(telemetry_.head);
        }
        if (suffix || is({Prepare, PrepareOk, Commit, Ping, Log})) {
            header.commit = input_.near(telemetry_.commit_max);
        }
        if (is({Reply, Busy, Evicted, Redirect})) header.client = 1 + input_.byte() % 4U;
        if (is({PrepareOk, Commit, StartView, GetView, Recovery, RecoveryResponse})) {
            header.nonce = input_.byte() % 4 == 0 ? input_.take<std::uint32_t>() : world_.nonce();
        }
        if (is({GetLog, GetSnapshot, Snapshot})) header.from = input_.near(telemetry_.head);
        if (is({GetLog, GetSnapshot})) header.to = input_.near(header.from);
        if (is({GetSnapshot, Snapshot}) && input_.byte() % 2 == 0) {
            header.flags = flag_manifest;
            header.from = header.to = 0;
        }
        if (command == RecoveryResponse) header.flags = input_.byte() % 2 * flag_primary;
        if (command == Snapshot) header.count = input_.byte() % 8U;
        if (suffix || is({Prepare, PrepareOk, Commit, GetPrepare}))
            header.parent = parent_of(header);
    }
    Checksum some_checksum() {
        switch (input_.below(3)) {
            case 0: return telemetry_.checkpoint_id;
            case 1: return telemetry_.head_checksum;
            default: return {input_.byte(), 0};
        }
    }
    Checksum checksum_at(Op op) {
        const Header* known = world_.replica().log(op);
        return known != nullptr && input_.byte() < 240 ? known->checksum : some_checksum();
    }
    Checksum parent_of(const Header& header) {
        const bool before = header.command == Command::Prepare;
        return checksum_at(before ? header.op - 1 : header.op);
    }

    /// An entry that can stand at op.
    Lie entry(Op op, const Checksum& parent, View view) {
        Lie made;
        Header& header = made.header;
        header.command = Command::Prepare;
        header.protocol = protocol_version;
        header.cluster = cluster;
        header.release = 1;
        header.replica = static_cast<ReplicaId>(1 + input_.byte() % 3);
        header.view = header.log_view = view;
        header.op = op;
        header.parent = parent;
        header.commit = op > 0 ? std::min(op - 1, input_.near(telemetry_.commit_max)) : 0;
        header.timestamp = input_.near(op * 1000);
        batch(made);
        seal(header, made.body);
        return made;
    }
    void batch(Lie& made) {
        const std::size_t count = input_.below(small_limits.batch + 1);
        made.body.resize(count * batch_bytes(small_limits.request_bytes));
        std::size_t used = 0;
        for (std::size_t i = 0; i < count; ++i) {
            RequestRecord record{.client = 1 + input_.byte() % 6U, .request = input_.byte() % 4U};
            if (record.request != 0) record.session = 1 + input_.byte() % 4U;
            const std::vector<std::byte> asked = operation(record.request == 0);
            record.size = static_cast<std::uint32_t>(asked.size());
            used = append_request(made.body, used, record, asked);
        }
        made.body.resize(used);
        made.header.count = static_cast<std::uint32_t>(count);
    }
    template <typename Record>
    static void add(Lie& lie, const Record& record) {
        const Bytes bytes = std::as_bytes(std::span(&record, 1));
        lie.body.insert(lie.body.end(), bytes.begin(), bytes.end());
    }
    void suffix(Lie& lie, bool slots) {
        const Header& header = lie.header;
        const std::uint64_t claimed = header.op - header.commit;
        const auto count = std::min<std::uint64_t>(claimed, input_.byte() % 7U);
        Checksum before = checksum_at(header.commit);
        for (std::uint64_t i = 1; i <= count; ++i) {
            const Op op = header.commit + i;
            const Header* known = world_.replica().log(op);
            const bool invents = known == nullptr || input_.byte() % 4 == 0;
            const Header told =
                invents ? entry(op, before, View{std::min(header.log_view, header.view)}).header
                        : *known;
            before = told.checksum;
            const auto state = static_cast<SlotState>(input_.byte() % 3);
            if (!slots) add(lie, told);
            if (slots && state != SlotState::Present && input_.byte() % 2 == 0) {
                add(lie, SlotRecord{.state = state});
            } else if (slots) {
                add(lie, SlotRecord{.header = told, .state = state});
            }
        }
        lie.header.count = static_cast<std::uint32_t>(count);
        lie.header.parent = before;
    }
    void body(Lie& lie) {
        switch (lie.header.command) {
            case Command::Prepare: batch(lie); break;
            case Command::DoViewChange: suffix(lie, true); break;
            case Command::RecoveryResponse:
                if (lie.header.flags == 0) break;
                [[fallthrough]];
            case Command::StartView: {
                Membership told = telemetry_.membership;
                if (input_.byte() >= 240)
                    told.voters[0] = static_cast<ReplicaId>(input_.byte() % 5);
                told.epoch = lie.header.view.epoch();
                add(lie, told);
                suffix(lie, false);
                break;
            }
            case Command::Log: {
                const Op op = lie.header.op;
                const Lie inside = entry(op, checksum_at(op - 1), lie.header.log_view);
                add(lie, inside.header);
                lie.body.insert(lie.body.end(), inside.body.begin(), inside.body.end());
                break;
            }
            case Command::Reply:
            case Command::Snapshot: {
                const Bytes raw = input_.take_bytes(input_.below(200));
                lie.body.assign(raw.begin(), raw.end());
                break;
            }
            default: break;
        }
    }

    FuzzInput& input_;
    const SmallWorld& world_;
    Telemetry telemetry_;
};

void name_once(const std::string& reason) {
    static std::set<std::string> named;
    if (named.insert(reason).second) std::fprintf(stderr, "stopped: %s\n", reason.c_str());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const Config config = small_config(1);
    SmallWorld world(config, formatted(config, three));
    world.settle_disk();
    for (int events = 0; events < 200 && !input.empty() && world.halted().empty(); ++events) {
        const std::uint8_t what = input.byte();
        if (what < 160) {
            const auto lie = Liar(input, world).tell();
            const ReplicaId from = lie.header.replica;
            world.step(Received{.message = {lie.header, lie.body},
                                .from = from,
                                .client_link = from == no_replica ? 1U + what % 3U : 0});
        } else if (what < 250) {
            world.ring(static_cast<Timer>(input.below(timer_count)));
        } else {
            world.step(LinkClosed{1U + what % 3U});
        }
        if (what % 4 != 3) world.settle_disk();
    }
    if (!world.halted().empty()) {
        name_once(world.halted());
        return 0;
    }
    const Telemetry last = world.telemetry();
    require(last.log_view <= last.view);
    require(last.commit_min <= last.head);
    return 0;
}
