#include "replica/core/state_machine_state.hpp"
#include "tests/unit/replica_state/block_tree_probe.hpp"

// A state machine with one entry and little room is broken from inside.
namespace faultlab::replica {

namespace {

Limits little(std::uint32_t request_bytes = 64) {
    Limits limits;
    limits.request_bytes = request_bytes;
    limits.entries = 4;
    limits.value_blocks = 4;
    return limits;
}

constexpr std::array text{std::byte{3}, std::byte{'x'}};
const SpacedKey key{7, text};

/// So many bytes that are a text.
std::vector<std::byte> long_text(std::size_t size) {
    return std::vector<std::byte>(size, std::byte{3});
}

} // namespace

struct StateMachineProbe {
    using Machine = StateMachine;
    using State = StateMachine::State;

    static Machine one_entry() { return Machine(little()); }

    /// Gives room for a result to what calls it with the state.
    template <typename Call>
    static void with(Machine& machine, Call call) {
        std::array<std::byte, 256> bytes{};
        CellWriter out(bytes);
        REQUIRE(machine.state_->tree.put(key, text));
        call(*machine.state_, out);
    }
    template <typename Call>
    static std::function<void(Machine&)> doing(Call call) {
        return [call](Machine& machine) { with(machine, call); };
    }

    static std::vector<Breach<Machine>> of_entries() {
        return {
            {"machine-request-bytes", [](Machine&) { const Machine none(little(5)); }},
            {"scan-from",
             doing([](State& state, CellWriter& out) { state.scan({.expected = text}, out); })},
            {"scan-end",
             doing([](State& state, CellWriter& out) { state.scan({.key = text}, out); })},
            {"stored-type-bytes", doing([](State& state, CellWriter&) {
                 REQUIRE(state.tree.put(key, long_text(65)));
                 state.stored_type(state.tree.find(key));
             })},
            {"append-to-bytes", doing([](State& state, CellWriter& out) {
                 REQUIRE(state.tree.put(key, long_text(60)));
                 state.append(key, text, out);
             })},
        };
    }

    static std::vector<Breach<Machine>> of_transactions() {
        return {
            {"undo-room", doing([](State& state, CellWriter&) {
                 std::size_t used = 0;
                 state.remember(key, state.undo.size(), used);
             })},
            {"undo-used", doing([](State& state, CellWriter&) {
                 std::size_t used = state.replaced.size() + 1;
                 state.remember(key, 0, used);
             })},
            {"take-back-count",
             doing([](State& state, CellWriter&) { state.take_back(state.undo.size() + 1); })},
            {"take-back-bytes", doing([](State& state, CellWriter&) {
                 state.undo[0] = {key, state.replaced.size(), 1};
                 state.take_back(1);
             })},
            {"take-back-erases", doing([](State& state, CellWriter&) {
                 state.undo[0] = {{8, text}, 0, 0};
                 state.take_back(1);
             })},
            {"take-back-fits", doing([](State& state, CellWriter&) {
                 state.undo[0] = {key, 0, state.replaced.size()};
                 state.take_back(1);
             })},
            {"step-of-key", doing([](State& state, CellWriter& out) {
                 state.step({7, {}}, {}, out);
             })},
            {"step-of-value", doing([](State& state, CellWriter& out) {
                 state.step(key, {.kind = StepKind::Write, .key = text}, out);
             })},
            {"transact-step",
             doing([](State& state, CellWriter& out) { state.transact({.step_count = 1}, out); })},
            {"transact-complete",
             doing([](State& state, CellWriter& out) { state.transact({.steps = text}, out); })},
        };
    }

    static std::vector<Breach<Machine>> of_promises() {
        return {
            {"query-result-room",
             [](Machine& machine) {
                 std::array<std::byte, 63> result{};
                 (void)machine.query(encode({.space = 7, .key = "y"}), result);
             }},
            {"query-size",
             [](Machine& machine) {
                 std::array<std::byte, 64> result{};
                 (void)machine.query(encode({.space = 7, .key = std::string(60, 'k')}), result);
             }},
            {"result-fits",
             [](Machine& machine) {
                 BugSet bugs;
                 std::array<std::byte, 64> result{};
                 REQUIRE(machine.state_->tree.put(key, long_text(50)));
                 machine.state_->most_value = 64;
                 machine.apply(encode({.code = OpCode::Append,
                                       .space = 7,
                                       .key = "x",
                                       .value = std::string(12, 'y')}),
                               1,
                               result,
                               bugs);
             }},
            {"save-key-bytes",
             [](Machine& machine) {
                 REQUIRE(machine.state_->tree.put({7, long_text(65)}, text));
                 save(machine);
             }},
            {"save-value-bytes",
             [](Machine& machine) {
                 REQUIRE(machine.state_->tree.put(key, long_text(65)));
                 save(machine);
             }},
            {"save-entries",
             [](Machine& machine) {
                 BlockTreeProbe::set_size(machine.state_->tree, 1);
                 save(machine);
             }},
        };
    }

    static void save(const Machine& machine) {
        std::array<std::byte, 1024> bytes{};
        SnapshotWriter out(bytes);
        machine.save(out);
    }
};

TEST_CASE("Assertions of the state machine about entries trip", "[replica_state]") {
    check_breaches(StateMachineProbe::one_entry, StateMachineProbe::of_entries());
}

TEST_CASE("Assertions of the state machine about transactions trip", "[replica_state]") {
    check_breaches(StateMachineProbe::one_entry, StateMachineProbe::of_transactions());
}

TEST_CASE("Assertions of the state machine about what it promises trip", "[replica_state]") {
    check_breaches(StateMachineProbe::one_entry, StateMachineProbe::of_promises());
}

} // namespace faultlab::replica
