// Checker `digest-agreement`.
// Judges: replicas of one state machine that have applied the same operations have the same state:
// all digests that replicas published of their state after op k are equal, also those of two lives
// of one replica.
// Needs: events "digest" of the system under test, with `op` (integer) and `digest` (text).
// Unknown when no two replicas ever published the digest of a common op. One replica alone agrees
// with itself: it is valid, and the reason says that only its own lives could be compared.

#include "checker/catalogue_entries.hpp"
#include "checker/record_fields.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// What one replica said of its state after one op.
struct Published {
    NodeId node = no_node;
    Nanos t = 0;
    std::string digest;
};

/// What all of them said of one op: the first word of each, and the first that contradicts.
struct AtOp {
    Published first;
    bool compared = false; ///< another replica published it too
    std::optional<Published> other;
};

std::map<std::int64_t, AtOp> digests_by_op(const Record& record) {
    std::map<std::int64_t, AtOp> ops;
    for (const Event& event : record.events) {
        if (event.kind != "digest") continue;
        const auto op = integer_field(event, "op");
        const auto digest = text_field(event, "digest");
        if (!op || !digest) continue;
        Published published{.node = event.node, .t = event.t, .digest = std::string(*digest)};
        const auto [at, fresh] = ops.try_emplace(*op);
        if (fresh) {
            at->second.first = std::move(published);
            continue;
        }
        AtOp& known = at->second;
        known.compared = known.compared || published.node != known.first.node;
        if (!known.other && published.digest != known.first.digest)
            known.other = std::move(published);
    }
    return ops;
}

class DigestAgreement : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        CheckResult result{.checker = "digest-agreement", .verdict = Verdict::valid};
        const std::map<std::int64_t, AtOp> ops = digests_by_op(record);
        std::int64_t compared = 0;
        std::int64_t different = 0;
        for (const auto& [op, at] : ops) {
            if (at.compared) ++compared;
            if (!at.other) continue;
            // What differs once differs for ever: only the first op says where it began.
            if (different++ == 0) accuse(record, op, at, result);
        }
        result.statistics = {{"ops", static_cast<std::int64_t>(ops.size())},
                             {"ops_compared", compared},
                             {"ops_different", different}};
        if (different > 0 || compared > 0) return result;
        if (ops.empty()) {
            result.verdict = Verdict::unknown;
            result.reason = "no replica published a digest of its state";
        } else if (record.cluster.nodes.size() == 1) {
            result.reason = "one replica: nothing to compare but its own lives";
        } else {
            result.verdict = Verdict::unknown;
            result.reason = "no two replicas published the digest of a common op";
        }
        return result;
    }

private:
    static void accuse(const Record& record, std::int64_t op, const AtOp& at, CheckResult& result) {
        const Published& a = at.first;
        const Published& b = *at.other;
        result.verdict = Verdict::invalid;
        result.reason = fmt::format("after op {} the state of {} has the digest {}, that of {} {}",
                                    op,
                                    name_of(record, a.node),
                                    a.digest,
                                    name_of(record, b.node),
                                    b.digest);
        result.findings.push_back({.checker = "digest-agreement",
                                   .anomaly = "state_differs",
                                   .considered_ops = 0,
                                   .details = {{"op", op},
                                               {"node", a.node},
                                               {"digest", a.digest},
                                               {"t_ns", a.t},
                                               {"other_node", b.node},
                                               {"other_digest", b.digest},
                                               {"other_t_ns", b.t}}});
    }
};

} // namespace

std::vector<OptionSpec> digest_agreement_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_digest_agreement(const Options& options) {
    FAULTLAB_DO(complete_options(options, digest_agreement_options(), "checker digest-agreement"));
    return std::unique_ptr<Checker>(std::make_unique<DigestAgreement>());
}

} // namespace faultlab
