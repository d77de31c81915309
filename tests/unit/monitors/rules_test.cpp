#include "tests/support/catch.hpp"
#include "tests/unit/monitors/protocol_story.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

using namespace faultlab;
using faultlab::test::ProtocolStory;
using Kind = ProtocolEvent::Kind;

namespace {

struct Case {
    const char* rule;
    void (*holds)(ProtocolStory&);  ///< judged, and no rule broken
    void (*breaks)(ProtocolStory&); ///< this rule first
    const char* says;
};

LogEntry entry(LogIndex op, std::uint64_t variant = 0, std::uint64_t before = 0) {
    return ProtocolStory::entry(op, variant, before);
}

ProtocolEvent about(Kind kind, NodeId node, LogIndex op, Digest checksum) {
    return {.kind = kind, .node = node, .op = op, .checksum = checksum};
}

ProtocolEvent reply(std::uint64_t request, Digest checksum) {
    return {.kind = Kind::Replied, .node = 0, .a = 0xc, .b = request, .checksum = checksum};
}

ProtocolEvent request(const LogEntry& in, std::uint64_t number) {
    return {.kind = Kind::Requested, .node = 0, .a = 0xc, .b = number, .checksum = in.checksum};
}

std::vector<Case> of_the_committed_log() {
    return {
        {"S1",
         [](ProtocolStory& s) { s.commits(0, entry(1)).executes(2, entry(1)); },
         [](ProtocolStory& s) {
             s.commits(0, entry(1)).executes(2, entry(1)).executes(2, entry(1, 7));
         },
         "S1: commits another op 1 than others"},
        {"S2",
         [](ProtocolStory& s) { s.commits(0, entry(1)).commits(0, entry(2)); },
         [](ProtocolStory& s) { s.commits(0, entry(1)).commits(0, entry(2, 0, 7)); },
         "S2: commits op 2, which does not extend the committed chain"},
        {"S3",
         [](ProtocolStory& s) { s.commits(0, entry(1)).proposes(1, 1, entry(1)); },
         [](ProtocolStory& s) { s.commits(0, entry(1)).proposes(1, 1, entry(1, 7)); },
         "S3: proposes in view 0.1 another op 1 than view 0.0 committed"},
        {"S22",
         [](ProtocolStory& s) { s.commits(0, entry(1)).commits(0, entry(2)); },
         [](ProtocolStory& s) {
             LogEntry late = entry(2);
             late.timestamp = entry(1).timestamp;
             s.commits(0, entry(1)).commits(0, late);
         },
         "S22: commits op 2, whose timestamp is not above the last one"},
        {"S15",
         [](ProtocolStory& s) {
             s.tell(request(entry(1), 4)).commits(0, entry(1));
             s.executes(0, entry(1)).executes(1, entry(1));
         },
         [](ProtocolStory& s) {
             s.tell(request(entry(1), 4)).tell(request(entry(2), 4));
             s.commits(0, entry(1)).commits(0, entry(2));
             s.executes(0, entry(1)).executes(0, entry(2));
         },
         "S15: request 4 of client c is op 1 and op 2"},
        {"S16",
         [](ProtocolStory& s) {
             s.tell(reply(4, {1, 1})).tell(reply(4, {1, 1}));
         },
         [](ProtocolStory& s) {
             s.tell(reply(4, {1, 1})).tell(reply(4, {1, 2}));
         },
         "S16: answers request 4 of client c otherwise than before"},
        {"S18",
         [](ProtocolStory& s) {
             s.elects({0, 1, 2});
         },
         [](ProtocolStory& s) {
             s.elects({0, 1, 3});
         },
         "S18: has other voters in epoch 0"},
    };
}

std::vector<Case> of_views() {
    return {
        {"S4",
         [](ProtocolStory& s) { s.commits(0, entry(1)).votes(0, 1, 0, 1).leads(1, 1, {entry(1)}); },
         [](ProtocolStory& s) {
             s.commits(0, entry(1)).commits(0, entry(2)).votes(0, 1, 0, 2);
             s.leads(1, 1, {entry(1)});
         },
         "S4: leads view 0.1 without op 2, committed in 0.0"},
        {"S5",
         [](ProtocolStory& s) { s.commits(0, entry(1)).executes(2, entry(1)); },
         [](ProtocolStory& s) { s.acknowledges(0, 0, {entry(1)}).executes(0, entry(1)); },
         "S5: executes op 1, which no quorum acknowledged"},
        {"S9",
         [](ProtocolStory& s) {
             s.proposes(0, 0, entry(1)).acknowledges(1, 0, {entry(1)});
             s.shows(0, {.view = 0, .leads = true});
         },
         [](ProtocolStory& s) { s.proposes(0, 0, entry(1)).proposes(1, 0, entry(2)); },
         "S9: leads view 0.0, as another one does"},
        {"S10",
         [](ProtocolStory& s) {
             s.tell({.kind = Kind::Spoke, .node = 0, .view = 3}).starts(0);
             s.tell({.kind = Kind::Spoke, .node = 0, .view = 3});
         },
         [](ProtocolStory& s) {
             s.tell({.kind = Kind::Spoke, .node = 0, .view = 3}).starts(0);
             s.tell({.kind = Kind::Spoke, .node = 0, .view = 2});
         },
         "S10: speaks in view 0.2 after 0.3"},
        {"S11",
         [](ProtocolStory& s) {
             s.acknowledges(0, 0, {entry(1), entry(2)});
         },
         [](ProtocolStory& s) {
             s.acknowledges(0, 0, {entry(1), entry(2, 0, 7)});
         },
         "S11: has op 2 in its log, no child of the one before"},
        {"S14",
         [](ProtocolStory& s) { s.acknowledges(0, 0, {entry(1)}).votes(0, 1, 0, 1); },
         [](ProtocolStory& s) { s.acknowledges(0, 0, {entry(1)}).votes(0, 1, 0, 0); },
         "S14: offers log (0.0, 0) after it acknowledged (0.0, 1)"},
        {"S20",
         [](ProtocolStory& s) { s.activates(0, 2, 8).activates(1, 2, 8); },
         [](ProtocolStory& s) { s.activates(0, 2, 8).activates(1, 2, 9); },
         "S20: begins release 2 at op 9, others at op 8"},
    };
}

/// Of each class: being late is no harm, and to refuse nothing is a judgement too.
template <char digit>
Case refusal(const char* rule, const char* says) {
    static const std::string_view why = std::string_view(says).substr(29);
    return {rule,
            [](ProtocolStory& s) { s.refuses(0, 1, "epoch").shows(0, {.tells_rejects = true}); },
            [](ProtocolStory& s) { s.refuses(0, 1, why); },
            says};
}

std::vector<Case> of_messages() {
    return {refusal<'4'>("A4", "A4: refuses a message of n2: body checksum"),
            refusal<'5'>("A5", "A5: refuses a message of n2: tail order"),
            refusal<'6'>("A6", "A6: refuses a message of n2: fork"),
            refusal<'7'>("A7", "A7: refuses a message of n2: size"),
            refusal<'8'>("A8", "A8: refuses a message of n2: range"),
            refusal<'9'>("A9", "A9: refuses a message of n2: cluster")};
}

std::vector<Case> of_one_replica() {
    return {
        {"S6",
         [](ProtocolStory& s) { s.shows(0, {.head = 5, .committed = 5, .applied = 5}); },
         [](ProtocolStory& s) { s.shows(0, {.head = 5, .committed = 6, .applied = 5}); },
         "S6: takes op 6 for committed, and its log ends at 5"},
        {"S7",
         [](ProtocolStory& s) { s.shows(0, {.committed = 5}).shows(0, {.committed = 5}); },
         [](ProtocolStory& s) { s.shows(0, {.committed = 5}).shows(0, {.committed = 4}); },
         "S7: let its commit number fall from 5 to 4"},
        {"S8",
         [](ProtocolStory& s) { s.acknowledges(0, 0, {entry(1)}).shows(0, {.durable = 1}); },
         [](ProtocolStory& s) { s.acknowledges(0, 0, {entry(1)}).shows(0, {.durable = 0}); },
         "S8: acknowledged op 1, and has 0 on disk"},
        {"S12",
         [](ProtocolStory& s) {
             s.tell(about(Kind::State, 0, 8, {1, 1})).tell(about(Kind::State, 1, 8, {1, 1}));
         },
         [](ProtocolStory& s) {
             s.tell(about(Kind::State, 0, 8, {1, 1})).tell(about(Kind::State, 1, 8, {1, 2}));
         },
         "S12: has another state than others after op 8"},
        {"S12b",
         [](ProtocolStory& s) {
             s.tell(about(Kind::Image, 0, 8, {1, 1})).tell(about(Kind::Image, 1, 8, {1, 1}));
         },
         [](ProtocolStory& s) {
             s.tell(about(Kind::Image, 0, 8, {1, 1})).tell(about(Kind::Image, 1, 8, {1, 2}));
         },
         "S12b: has another checkpoint than others after op 8"},
        {"S17",
         [](ProtocolStory& s) {
             s.tell(about(Kind::Image, 0, 8, {1, 1})).tell(about(Kind::Restored, 1, 8, {1, 1}));
         },
         [](ProtocolStory& s) {
             s.tell(about(Kind::Restored, 1, 8, {1, 2}));
         },
         "S17: fetched a checkpoint at op 8 that nobody made"},
        {"halt",
         [](ProtocolStory& s) { s.tell({.kind = Kind::Spoke, .node = 0}); },
         [](ProtocolStory& s) { s.tell({.kind = Kind::Halted, .node = 0, .text = "no words"}); },
         "halt: halts: no words"},
    };
}

ProtocolEvent of_client(Kind kind, std::uint64_t number) {
    return {.kind = kind, .node = 0, .a = 0xc, .b = number};
}

Survey calm() {
    return ProtocolStory::calm();
}

/// What has to come about while nothing is disturbed: it may be otherwise until `last` (ms) and no
/// longer.
template <void (*otherwise)(Survey&), Nanos last>
Case in_window(const char* rule, const char* says) {
    return {rule,
            [](ProtocolStory& s) {
                Survey survey = calm();
                otherwise(survey);
                s.surveys(0, last, survey).surveys(last + 1, last + 1, calm());
            },
            [](ProtocolStory& s) {
                Survey survey = calm();
                otherwise(survey);
                s.surveys(0, last, survey).surveys(last + 1, last + 90, survey);
            },
            says};
}

void one_waits(Survey& survey) {
    survey.waiting = {{.client = 1, .since = 0}};
}
void nobody_leads(Survey& survey) {
    survey.replicas.front().gauges.leads = false;
}
void one_lags(Survey& survey) {
    survey.replicas.back().gauges.applied = 4;
}
void one_lacks_some(Survey& survey) {
    survey.replicas.back().gauges.damaged = 2;
}
void one_is_old(Survey& survey) {
    survey.replicas.back().gauges.release = 0;
}
void one_is_rotten(Survey& survey) {
    survey.replicas.back().rotten = 1;
}
void one_leaves(Survey& survey) {
    survey.replicas.back().gauges.view = 2;
}

std::vector<Case> of_windows() {
    return {
        in_window<one_waits, 299>(
            "L1",
            "L1: the request of client 2 is not answered for 300 ms although nothing is "
            "disturbed; 299 ms are enough"),
        in_window<nobody_leads, 161>("L2",
                                     "L2: nobody leads for 161 ms although nothing is disturbed"),
        in_window<one_lags, 263>("L4", "L4: has executed op 4, and its leader had op 5 263 ms ago"),
        in_window<one_lacks_some, 263>("L5",
                                       "L5: lacks 2 entries of its log, and does not get them"),
        in_window<one_is_old, 263>("L8",
                                   "L8: is in epoch 0 with release 0, its leader in 0 with 1"),
        in_window<one_is_rotten, 263>("S13",
                                      "S13: read 1 damaged entries of its log, and leaves them so"),
        {"L6",
         [](ProtocolStory& s) { s.surveys(0, 100, calm()); },
         [](ProtocolStory& s) {
             Survey left = calm();
             one_leaves(left);
             s.surveys(0, 12, calm()).surveys(13, 13, left);
         },
         "L6: leaves view 0.1 for 0.2, although nothing disturbed its leader"}};
}

/// What holds at every moment, whatever is disturbed.
std::vector<Case> of_moments() {
    return {
        {"L3",
         [](ProtocolStory& s) {
             Survey alone = calm();
             alone.calm_since = -1;
             alone.replicas.front().spoke = 130 * millisecond;
             alone.replicas.front().answered = 100 * millisecond;
             s.surveys(200, 200, alone);
         },
         [](ProtocolStory& s) {
             Survey alone = calm();
             alone.calm_since = -1;
             alone.replicas.front().spoke = 131 * millisecond;
             alone.replicas.front().answered = 100 * millisecond;
             s.surveys(200, 200, alone);
         },
         "L3: speaks as leader of view 0.1, 31 ms after a quorum last answered it"},
        {"L7",
         [](ProtocolStory& s) { s.wishes(0, 1).wishes(1, 1).votes(2, 1, 0, 0); },
         [](ProtocolStory& s) {
             s.wishes(0, 1).wishes(0, 1).tell({.kind = Kind::Voted, .node = 2, .view = 1});
         },
         "L7: votes for view 0.1, for which 1 wished: it takes 2"},
        {"O5",
         [](ProtocolStory& s) {
             s.tell(of_client(Kind::Refused, 4)).tell(of_client(Kind::Asked, 4));
             s.tell(of_client(Kind::Requested, 4));
         },
         [](ProtocolStory& s) {
             s.tell(of_client(Kind::Refused, 4)).tell(of_client(Kind::Requested, 4));
         },
         "O5: proposes request 4 of client c, which it had refused"},
        {"O6",
         [](ProtocolStory& s) {
             s.proposes(0, 0, entry(1)).tell({.kind = Kind::Sought, .node = 1, .op = 1, .b = 1});
         },
         [](ProtocolStory& s) {
             s.proposes(0, 0, entry(1)).tell({.kind = Kind::Sought, .node = 1, .op = 2, .b = 1});
         },
         "O6: asks for op 2, and the newest one is 1"},
        {"R1",
         [](ProtocolStory& s) {
             Survey full = calm();
             full.replicas.front().pipeline = 4;
             full.replicas.front().queue = 8;
             full.replicas.front().sessions = 6;
             full.replicas.front().gauges.head = 32;
             s.surveys(0, 0, full);
         },
         [](ProtocolStory& s) {
             Survey full = calm();
             full.replicas.front().pipeline = 5;
             s.surveys(0, 0, full);
         },
         "R1: has 5 entries in its pipeline, and room for 4"},
    };
}

std::vector<Case> all_cases() {
    std::vector<Case> all = of_the_committed_log();
    for (const auto& more :
         {of_views(), of_messages(), of_one_replica(), of_windows(), of_moments()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace

TEST_CASE("each rule of a replicated log holds in a good story and breaks in a bad one",
          "[monitors]") {
    for (const Case& each : all_cases()) {
        CAPTURE(each.rule);
        ProtocolStory good;
        each.holds(good);
        CHECK(good.alarm().empty());
        CHECK(good.judged(each.rule) > 0);
        ProtocolStory bad;
        each.breaks(bad);
        CHECK(bad.alarm() == each.says);
    }
}

TEST_CASE("every rule of the catalogue has its story", "[monitors]") {
    std::set<std::string_view> told;
    for (const Case& each : all_cases())
        told.insert(each.rule);
    std::set<std::string_view> known;
    for (const MonitorEntry& rule : monitor_catalogue()) {
        CHECK(known.insert(rule.id).second);
        CHECK_FALSE(rule.summary.empty());
    }
    CHECK(told == known);
}

TEST_CASE("two rules of one replica's counters have more than one way to break", "[monitors]") {
    CHECK(ProtocolStory().shows(0, {.head = 9, .committed = 5, .applied = 6}).alarm() ==
          "S6: executed op 6, and knows of 5 committed ones");
    CHECK(ProtocolStory().shows(0, {.applied = 5}).shows(0, {.applied = 4}).alarm() ==
          "S7: let its applied op fall from 5 to 4");
    CHECK(ProtocolStory().shows(0, {.applied = 5, .checkpoint = 8}).alarm() ==
          "S7: has executed op 5 and a checkpoint at 8");
    // A new life knows less, and that is no harm.
    CHECK(ProtocolStory().shows(0, {.committed = 5}).starts(0).shows(0, {.committed = 3}).alarm() ==
          "");
}

TEST_CASE("views: what a replica shows, and whose log it has", "[monitors]") {
    CHECK(ProtocolStory().shows(0, {.view = 3}).shows(0, {.view = 2}).alarm() ==
          "S10: shows view 0.2 after 0.3");
    CHECK(ProtocolStory()
              .shows(0, {.view = 3, .log_view = 2})
              .starts(0)
              .shows(0, {.view = 3, .log_view = 1})
              .alarm() == "S10: shows log_view 0.1 after 0.2");
    CHECK(ProtocolStory().shows(0, {.view = 3, .log_view = 4}).alarm() ==
          "S10: has the log of view 0.4, later than its own");
    // Without its disk it does not know what it was.
    CHECK(ProtocolStory()
              .shows(0, {.view = 3, .log_view = 3})
              .starts(0, true)
              .shows(0, {.view = 2, .log_view = 2})
              .alarm()
              .empty());
    CHECK(ProtocolStory()
              .shows(0, {.view = 3, .leads = true})
              .shows(1, {.view = 3, .leads = true})
              .alarm() == "S9: leads view 0.3, as another one does");
}

TEST_CASE("quorums: answers, leaders without votes, standbys", "[monitors]") {
    CHECK(ProtocolStory().tell({.kind = Kind::Replied, .node = 0, .op = 1}).alarm() ==
          "S5: answered a client for op 1, not committed");
    // Of five it takes three, and a standby's word counts for nothing.
    const Electorate five{
        .epoch = 1, .voters = {0, 1, 2, 3, 4}, .to_commit = 3, .to_change_view = 3};
    const ViewNumber view = ViewNumber{1} << 32U;
    ProtocolStory story;
    story.tell({.kind = Kind::Elected, .node = 0, .electorate = &five});
    story.votes(1, view, 0, 0).votes(7, view, 0, 0).leads(0, view, {});
    CHECK(story.alarm() == "S5: leads view 1.0, for which 2 voted: it takes 3");
    // But for the view that the epoch begins with.
    Electorate begun = five;
    begun.first_view = view;
    ProtocolStory first;
    first.tell({.kind = Kind::Elected, .node = 0, .electorate = &begun});
    CHECK(first.votes(1, view, 0, 0).leads(0, view, {}).alarm().empty());
    ProtocolStory acks;
    acks.tell({.kind = Kind::Elected, .node = 0, .electorate = &five});
    for (const NodeId node : {0, 1, 7})
        acks.acknowledges(node, view, {entry(1)});
    CHECK(acks.executes(0, entry(1), view).alarm() ==
          "S5: executes op 1, which no quorum acknowledged");
}

TEST_CASE("a promise may end with the log of a later view, unless it was kept by others too",
          "[monitors]") {
    const auto heard = [](ProtocolStory& story) -> ProtocolStory& {
        return story.tell({.kind = Kind::Heard, .node = 2, .log_view = 1});
    };
    ProtocolStory replaced;
    replaced.acknowledges(2, 0, {entry(1)});
    CHECK(heard(replaced).votes(2, 2, 0, 0).alarm().empty());
    ProtocolStory lost;
    lost.acknowledges(2, 0, {entry(1)}).acknowledges(0, 0, {entry(1)});
    CHECK(heard(lost).votes(2, 2, 0, 0).alarm() ==
          "S14: offers log (0.0, 0) after it acknowledged (0.0, 1)");
}

TEST_CASE("stories that begin alike go on without each other", "[monitors]") {
    ProtocolStory one;
    one.proposes(0, 1, entry(1)).acknowledges(0, 1, {entry(1)});
    ProtocolStory other = one;
    CHECK(one.proposes(0, 1, entry(2)).commits(1, entry(2)).alarm().empty());
    CHECK(other.proposes(0, 1, entry(2, 1)).commits(1, entry(2, 1)).alarm().empty());
    CHECK(other.proposes(0, 1, entry(2)).alarm() == "S9: has another op 2 than others in view 0.1");
}

TEST_CASE("a promise may end once its entry never can be committed", "[monitors]") {
    const auto alarm = [](const std::vector<NodeId>& leave, bool acknowledged) {
        ProtocolStory story;
        story.acknowledges(2, 1, {entry(1), entry(2)}).acknowledges(0, 1, {entry(1)});
        if (acknowledged) story.acknowledges(1, 1, {entry(1), entry(2)});
        for (const NodeId node : leave)
            story.votes(node, 2, 1, 1);
        return story.votes(2, 3, 1, 1).alarm();
    };
    const std::string broken = "S14: offers log (0.1, 1) after it acknowledged (0.1, 2)";
    CHECK(alarm({0, 1}, false).empty());
    CHECK(alarm({0}, false) == broken); // the third may still acknowledge it
    CHECK(alarm({}, false) == broken);
    CHECK(alarm({0, 1}, true) == broken); // it is committed, and 1 breaks its promise, too
    ProtocolStory earlier; // all of the later view's log is missing, not only its end
    earlier.acknowledges(2, 1, {entry(1)}).votes(0, 2, 0, 0).votes(1, 2, 0, 0);
    CHECK(earlier.votes(2, 3, 0, 0).alarm() ==
          "S14: offers log (0.0, 0) after it acknowledged (0.1, 1)");
}

TEST_CASE("liveness is judged in windows only, each anew", "[monitors]") {
    Survey none = calm();
    nobody_leads(none);
    Survey later = none;
    later.calm_since = 150 * millisecond;
    CHECK(ProtocolStory().surveys(0, 161, none).surveys(162, 311, later).alarm().empty());
    Survey disturbed = none;
    disturbed.calm_since = -1;
    ProtocolStory never;
    never.surveys(0, 1'000, disturbed);
    CHECK(never.alarm().empty());
    CHECK(never.judged("L2") == 0);
    // Nor where nobody said how long things take.
    Survey untold = none;
    untold.setup = nullptr;
    CHECK(ProtocolStory().surveys(0, 1'000, untold).alarm().empty());
    // Each voter that is away may have a turn to lead.
    Survey with_absent = none;
    with_absent.absent = 2;
    CHECK(ProtocolStory().surveys(0, 207, with_absent).alarm().empty());
    CHECK_FALSE(ProtocolStory().surveys(0, 208, with_absent).alarm().empty());
}

TEST_CASE("liveness is asked of the core's members only", "[monitors]") {
    Survey without = calm();
    without.core = {0, 1};
    without.replicas.back() = {.node = 2};
    CHECK(ProtocolStory().surveys(0, 1'000, without).alarm().empty());
    without.core = {0, 1, 2};
    without.replicas.back().member = false;
    CHECK(ProtocolStory().surveys(0, 1'000, without).alarm().empty());
}

TEST_CASE("a steady leader: silence, another epoch, and what nobody had settled", "[monitors]") {
    Survey silent = calm();
    silent.replicas.front().spoke = 13 * millisecond;
    const auto after = [](const Survey& survey) {
        return ProtocolStory().surveys(0, 13, calm()).surveys(24, 24, survey).alarm();
    };
    CHECK(after(silent) == "L6: leads, and has been silent for 11 ms");
    silent.replicas.front().answered = 8 * millisecond; // it may give up
    CHECK(after(silent).empty());
    Survey next = calm();
    for (Survey::Replica& replica : next.replicas)
        replica.gauges.view = replica.gauges.log_view = std::int64_t{1} << 32U;
    CHECK(after(next).empty());
    Survey left = calm();
    one_leaves(left);
    CHECK(ProtocolStory().surveys(0, 11, calm()).surveys(12, 12, left).alarm().empty());
    // One that has to fetch a checkpoint first.
    const auto behind = [](Survey survey) {
        for (Survey::Replica& replica : survey.replicas)
            replica.gauges.checkpoint = 4;
        survey.replicas[1].gauges.applied = 3;
        return survey;
    };
    CHECK(ProtocolStory()
              .surveys(0, 100, behind(calm()))
              .surveys(101, 101, behind(left))
              .alarm()
              .empty());
}

TEST_CASE("repair: ranges that are empty, and requests that another leader refused", "[monitors]") {
    ProtocolStory story;
    story.proposes(0, 0, entry(4));
    CHECK(story.tell({.kind = Kind::Sought, .node = 1, .op = 2, .b = 3}).alarm() ==
          "O6: asks for entries 3 to 2: none");
    ProtocolEvent elsewhere = of_client(Kind::Requested, 4);
    elsewhere.node = 1;
    CHECK(ProtocolStory().tell(of_client(Kind::Refused, 4)).tell(elsewhere).alarm().empty());
    CHECK(ProtocolStory()
              .tell(of_client(Kind::Refused, 4))
              .starts(0)
              .tell(of_client(Kind::Requested, 4))
              .alarm()
              .empty());
}

TEST_CASE("the page of the protocol rules lists each as the catalogue does", "[monitors]") {
    const std::string page = [] {
        std::ifstream file(std::string(FAULTLAB_SOURCE_DIR) + "/docs/reference/protocol-rules.md");
        REQUIRE(file.good());
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    for (const MonitorEntry& rule : monitor_catalogue()) {
        CAPTURE(rule.id);
        CHECK(page.find("| " + std::string(rule.id) + " | " + std::string(rule.name) + " | " +
                        std::string(rule.summary) + " | " +
                        (rule.control.empty() ? "–" : std::string(rule.control)) + " |") !=
              std::string::npos);
    }
}
