#include "replica/core/validate_parts.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_state/sample_messages.hpp"

// Parts of the validation are asked about messages that the parts before them do not let through.
namespace faultlab::replica {

namespace {

/// A message, and what it takes to examine it.
struct Examined {
    Sample sample;
    Config config = sample_config();
    BugSet bugs;

    explicit Examined(Command command) : sample(::sample(command)) {}
    [[nodiscard]] parts::Subject subject() { return {sample.header, sample.body, config, bugs}; }
};

Examined ping() {
    return Examined(Command::Ping);
}

const std::vector<Breach<Examined>>& of_another_command() {
    static const std::vector<Breach<Examined>> breaches{
        {"log-range-of", [](Examined& of) { (void)parts::log_range_in_range(of.subject()); }},
        {"suffix-range-of", [](Examined& of) { (void)parts::suffix_in_range(of.subject()); }},
        {"snapshot-range-of",
         [](Examined& of) { (void)parts::snapshot_in_range(of.sample.header); }},
        {"inside-of",
         [](Examined& of) {
             of.sample.header.command = static_cast<Command>(last_command + 1);
             (void)parts::check_inside(of.subject());
         }},
        {"entry-header-of", [](Examined& of) { (void)parts::is_entry_header(of.subject(), {}); }},
        {"tail-order-of",
         [](Examined& of) { (void)parts::in_tail_order(of.subject(), 1, nullptr, {}); }},
        {"tail-end-of", [](Examined& of) { (void)parts::ends_right(of.subject(), {}); }},
        {"slots-of", [](Examined& of) { (void)parts::check_slots(of.subject()); }},
        {"view-of", [](Examined& of) { (void)parts::check_view(of.subject()); }},
        {"batch-of", [](Examined& of) { (void)parts::check_batch(of.subject()); }},
        {"log-of", [](Examined& of) { (void)parts::check_log(of.subject()); }},
    };
    return breaches;
}

const std::vector<Breach<Examined>>& of_another_length() {
    static const std::vector<Breach<Examined>> breaches{
        {"tail-op",
         [](Examined& of) {
             const Header entry = sample_entry(5).header;
             (void)parts::in_tail_order(of.subject(), of.sample.header.commit, nullptr, entry);
         }},
        {"tail-before",
         [](Examined& of) {
             const Header entry = sample_entry(5).header;
             (void)parts::in_tail_order(of.subject(), of.sample.header.commit + 1, &entry, entry);
         }},
        {"tail-newest",
         [](Examined& of) {
             of.sample.header.count = 0;
             (void)parts::ends_right(of.subject(), sample_entry(5).header);
         }},
        {"tail-newest-op",
         [](Examined& of) {
             of.sample.header.count = 1;
             of.sample.header.commit = 7;
             (void)parts::ends_right(of.subject(), sample_entry(5).header);
         }},
        {"view-primary",
         [](Examined& of) {
             of.sample = sample(Command::StartView);
             of.sample.header.command = Command::RecoveryResponse;
             (void)parts::check_view(of.subject());
         }},
        {"slots-inside",
         [](Examined& of) {
             of.sample.body.pop_back();
             (void)parts::check_slots(of.subject());
         }},
        {"view-inside",
         [](Examined& of) {
             of.sample = sample(Command::StartView);
             of.sample.body.pop_back();
             (void)parts::check_view(of.subject());
         }},
        {"log-inside",
         [](Examined& of) {
             of.sample = sample(Command::Log);
             of.sample.body.resize(sizeof(Header) - 1);
             (void)parts::check_log(of.subject());
         }},
    };
    return breaches;
}

} // namespace

TEST_CASE("Parts of the validation know which commands they are about", "[replica_state]") {
    check_breaches(ping, of_another_command());
}

TEST_CASE("Parts of the validation know which lengths they can rely on", "[replica_state]") {
    check_breaches([] { return Examined(Command::DoViewChange); }, of_another_length());
}

} // namespace faultlab::replica
