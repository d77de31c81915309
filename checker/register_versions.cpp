#include "checker/register_versions.hpp"

#include "checker/version_fill.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace faultlab {
namespace {

constexpr std::uint64_t not_placed = UINT64_MAX;

/// What an operation says of its own version.
std::uint64_t own_version(const RegisterOp& op) {
    if (op.version != any_version) return op.version;
    return op.from_version == any_version ? any_version : op.from_version + 1;
}

} // namespace

void RegisterVersions::clear() {
    versions_.clear();
    highest_ = nobody;
    failed_cas_.clear();
    loose_writes_.clear();
    open_cas_.clear();
    placed_.clear();
    definite_left_ = 0;
    needs_another_ = false;
    certificate_.clear();
}

RegisterVersions::Answer RegisterVersions::judge(std::span<const RegisterOp> ops) {
    ops_ = ops;
    FAULTLAB_CHECK(ops.size() < nobody);
    clear();
    if (ops.empty() || ops.front().step == 0) return Answer::undecided;
    const bool possible =
        bound() && collect() && enough_makers() && resolve() && keep_time() && keep_failed_cas();
    if (!possible) return Answer::illegal;
    const bool made =
        !licences_.no_gaps || std::ranges::all_of(versions_.begin() + 1,
                                                  versions_.end(),
                                                  [](const auto& v) { return v.maker != nobody; });
    if (made && definite_left_ == 0 && !needs_another_) return Answer::legal;
    return complete(false) || complete(true) ? Answer::legal : Answer::undecided;
}

/// No more versions can be made than there are updates.
bool RegisterVersions::bound() {
    std::uint64_t highest = 0;
    std::uint64_t updates = 0;
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        updates += op.updates() ? 1 : 0;
        if (!op.definite() || op.action == RegisterAction::failed_cas) continue;
        const std::uint64_t version = own_version(op);
        if (version == any_version || version <= highest) continue;
        highest = version;
        highest_ = i;
    }
    if (highest > updates) return refute({highest_});
    versions_.resize(highest + 1);
    if (licences_.absent_at_first) versions_[0].value = 0;
    return true;
}

bool RegisterVersions::collect() {
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        if (op.updates()) {
            if (!collect_update(i)) return false;
        } else if (!op.definite()) {
            continue;
        } else if (op.action == RegisterAction::failed_cas) {
            failed_cas_.push_back(i);
        } else {
            if (!see(i, op.version)) return false;
            Version& version = versions_[op.version];
            version.last_read = i;
            if (op.ret < returned(version.first_read)) version.first_read = i;
        }
    }
    const auto compared = [this](std::uint32_t i) { return ops_[i].from_version; };
    std::ranges::stable_sort(failed_cas_, {}, compared);
    std::ranges::stable_sort(open_cas_, {}, compared);
    if (!loose_writes_.empty() || !open_cas_.empty()) placed_.assign(ops_.size(), not_placed);
    return true;
}

bool RegisterVersions::collect_update(std::uint32_t i) {
    const RegisterOp& op = ops_[i];
    const bool cas = op.from_version != any_version;
    if (op.version == 0) return refute({i});
    if (cas && op.version != any_version && op.version != op.from_version + 1 && licences_.follows)
        return refute({i});
    const std::uint64_t own = own_version(op);
    if (own == any_version) {
        loose_writes_.push_back(i);
        definite_left_ += op.definite() ? 1 : 0;
        return true;
    }
    if (!op.definite()) {
        open_cas_.push_back(i);
        return true;
    }
    std::uint32_t& maker = versions_[own].maker;
    if (maker != nobody && licences_.made_once) return refute({maker, i});
    maker = i;
    return see(i, own);
}

bool RegisterVersions::see(std::uint32_t i, std::uint64_t version) {
    Version& seen = versions_[version];
    const ValueId value = ops_[i].value;
    if (seen.value == any_value) {
        seen.value = value;
        seen.seen_by = i;
    } else if (seen.value != value && licences_.one_value) {
        return refute({seen.seen_by, i});
    }
    return true;
}

bool RegisterVersions::enough_makers() {
    std::uint64_t makers = loose_writes_.size();
    for (std::size_t k = 1; k < versions_.size(); ++k)
        makers += versions_[k].maker != nobody ? 1 : 0;
    std::uint64_t last = any_version;
    for (const std::uint32_t i : open_cas_) {
        const std::uint64_t from = ops_[i].from_version;
        const bool another = from + 1 < versions_.size() && from != last;
        if (another && versions_[from + 1].maker == nobody) ++makers;
        last = from;
    }
    if (makers + 1 >= versions_.size()) return true;
    return refute({highest_});
}

/// A version whose value was seen was made by the only update that can have done so.
bool RegisterVersions::resolve() {
    if (placed_.empty()) {
        // What was seen was made by an operation that knows so, or by nobody.
        for (std::size_t k = 1; k < versions_.size(); ++k) {
            if (versions_[k].maker == nobody && versions_[k].seen_by != nobody)
                return refute({versions_[k].seen_by});
        }
        return true;
    }
    struct Candidates {
        std::uint32_t count = 0;
        std::uint32_t first = nobody;
    };
    std::unordered_map<ValueId, Candidates> writes;
    for (const std::uint32_t i : loose_writes_) {
        Candidates& of_value = writes[ops_[i].value];
        if (of_value.count++ == 0) of_value.first = i;
    }
    auto cas = open_cas_.begin();
    for (std::uint64_t k = 1; k < versions_.size(); ++k) {
        while (cas != open_cas_.end() && ops_[*cas].from_version + 1 < k)
            ++cas;
        const Version& version = versions_[k];
        if (version.maker != nobody || version.seen_by == nobody) continue;
        Candidates candidates;
        if (const auto found = writes.find(version.value); found != writes.end())
            candidates = found->second;
        for (auto c = cas; c != open_cas_.end() && ops_[*c].from_version + 1 == k; ++c) {
            if (ops_[*c].value != version.value) continue;
            if (candidates.count++ == 0) candidates.first = *c;
        }
        if (candidates.count == 0) return refute({version.seen_by});
        if (candidates.count > 1 && licences_.only_candidate) continue;
        const std::uint64_t other = placed_[candidates.first];
        if (other != not_placed)
            return refute({candidates.first, version.seen_by, versions_[other].seen_by});
        place(k, candidates.first);
    }
    return true;
}

void RegisterVersions::place(std::uint64_t version, std::uint32_t maker) {
    versions_[version].maker = maker;
    placed_[maker] = version;
    if (ops_[maker].definite()) --definite_left_;
}

Index RegisterVersions::returned(std::uint32_t i) const {
    if (i == nobody) return never;
    return ops_[i].definite() || licences_.open_ops_stay_open ? ops_[i].ret : ops_[i].inv + 1;
}

bool RegisterVersions::keep_time() {
    std::uint32_t last = nobody; // of those so far, invoked last
    const auto follows = [&](std::uint32_t i) {
        return returned(i) >= invoked(last) || !licences_.versions_keep_time;
    };
    for (Version& version : versions_) {
        if (!follows(version.maker)) return refute({last, version.maker});
        if (invoked(version.maker) > invoked(last)) last = version.maker;
        version.after = last;
        if (!follows(version.first_read)) return refute({last, version.first_read});
        if (invoked(version.last_read) > invoked(last)) last = version.last_read;
    }
    std::uint32_t first = nobody; // of those from here on, returned first
    for (std::size_t k = versions_.size(); k-- > 0;) {
        Version& version = versions_[k];
        if (returned(version.first_read) < returned(first)) first = version.first_read;
        if (returned(version.maker) < returned(first)) first = version.maker;
        version.before = first;
    }
    return true;
}

bool RegisterVersions::last_is_final() const {
    const std::uint64_t last = versions_.size() - 1;
    return loose_writes_.empty() && std::ranges::none_of(open_cas_, [&](std::uint32_t i) {
               return ops_[i].from_version == last;
           });
}

bool RegisterVersions::keep_failed_cas() {
    needs_another_ = false;
    auto next = failed_cas_.begin();
    std::uint32_t push = nobody; // the failed cas that ends the version before first
    for (std::uint64_t k = 0; k < versions_.size(); ++k) {
        Version& version = versions_[k];
        const Index limit = k == 0 ? -1 : returned(version.before);
        version.pushed_by = returned(push) < limit ? push : nobody;
        version.begins_before = std::min(limit, returned(push));
        if (version.begins_before < invoked(version.after) && k > 0) {
            cite_push(k);
            return refute({version.after});
        }
        const Index begins = licences_.failed_cas_push ? version.begins_before : limit;
        push = nobody;
        for (; next != failed_cas_.end() && ops_[*next].from_version == k; ++next) {
            const RegisterOp& op = ops_[*next];
            const bool needs_end = op.inv > begins && licences_.failed_cas_observe;
            if (needs_end && op.ret < returned(push)) push = *next;
        }
    }
    if (push == nobody) return true;
    if (!last_is_final()) {
        needs_another_ = true;
        return true;
    }
    cite_push(versions_.size() - 1);
    if (certificate_.empty() && versions_.size() > 1) cite(versions_.back().before);
    return refute({push});
}

void RegisterVersions::cite_push(std::uint64_t version) {
    if (versions_[version].pushed_by == nobody) return;
    for (; versions_[version].pushed_by != nobody; --version)
        cite(versions_[version].pushed_by);
    if (version > 0) cite(versions_[version].before);
}

bool RegisterVersions::complete(bool open_first) {
    const std::vector<Version> versions = versions_;
    const std::vector<std::uint64_t> placed = placed_;
    const std::size_t definite_left = definite_left_;
    bool fits = fill(open_first);
    for (const std::uint32_t i : loose_writes_) {
        if (ops_[i].definite() && placed_[i] == not_placed) append(i);
    }
    fits = fits && keep_time() && keep_failed_cas();
    constexpr int more_at_most = 8;
    for (int more = 0; fits && needs_another_; ++more)
        fits = more < more_at_most && append_open() && keep_time() && keep_failed_cas();
    if (fits) return true;
    versions_ = versions;
    placed_ = placed;
    definite_left_ = definite_left;
    certificate_.clear();
    return false;
}

void RegisterVersions::append(std::uint32_t maker) {
    versions_.push_back({.value = ops_[maker].value});
    place(versions_.size() - 1, maker);
}

/// One more version, by the open update that was invoked first.
bool RegisterVersions::append_open() {
    std::uint32_t found = nobody;
    for (const auto* list : {&loose_writes_, &open_cas_}) {
        for (const std::uint32_t i : *list) {
            const std::uint64_t from = ops_[i].from_version;
            const bool fits = from == any_version || from + 1 == versions_.size();
            if (placed_[i] == not_placed && fits && (found == nobody || i < found)) found = i;
        }
    }
    if (found == nobody) return false;
    append(found);
    return true;
}

bool RegisterVersions::fill(bool open_first) {
    VersionFill choices(ops_, loose_writes_, open_cas_, open_first);
    for (std::uint32_t i = 0; i < placed_.size(); ++i) {
        if (placed_[i] != not_placed) choices.take(i);
    }
    for (std::size_t k = 1; k < versions_.size(); ++k) {
        if (versions_[k].maker == nobody && versions_[k].seen_by != nobody)
            choices.will_need(versions_[k].value);
    }
    Index begun = -1;
    for (std::uint64_t k = 1; k < versions_.size(); ++k) {
        const Version& version = versions_[k];
        begun = std::max(begun, invoked(version.after));
        if (version.maker != nobody) continue;
        const auto chosen = choices.choose({.version = k,
                                            .value = version.value,
                                            .after = begun,
                                            .before = returned(version.before)});
        if (!chosen) return false;
        place(k, *chosen);
        begun = std::max(begun, ops_[*chosen].inv);
    }
    return true;
}

bool RegisterVersions::refute(std::initializer_list<std::uint32_t> cited) {
    for (const std::uint32_t i : cited) {
        if (i != nobody) cite(i);
    }
    std::ranges::sort(certificate_);
    const auto rest = std::ranges::unique(certificate_);
    certificate_.erase(rest.begin(), rest.end());
    return false;
}

/// What was given a version is cited with the operation that saw it.
void RegisterVersions::cite(std::uint32_t i) {
    certificate_.push_back(i);
    if (placed_.empty() || placed_[i] == not_placed) return;
    const std::uint32_t seen_by = versions_[placed_[i]].seen_by;
    if (seen_by != nobody) certificate_.push_back(seen_by);
}

/// Half steps of time at which the versions begin, by version; the first at -1.
std::vector<Index> RegisterVersions::points() const {
    Index horizon = 0;
    for (const RegisterOp& op : ops_)
        horizon = std::max({horizon, op.inv + 1, op.definite() ? op.ret + 1 : 0});
    std::vector<Index> begins;
    begins.reserve(versions_.size());
    for (const Version& version : versions_)
        begins.push_back(2 * std::min(version.begins_before, horizon) - 1);
    begins.front() = -1;
    return begins;
}

std::vector<std::uint32_t> RegisterVersions::witness() const {
    struct Place {
        std::uint64_t version = 0; ///< that holds
        Index moment = -1;         ///< -1: the update that makes it
        std::uint32_t op = nobody;
    };
    const std::vector<Index> begins = points();
    // Of a version that was never made: only a judge with a planted mistake asks.
    const auto begin_of = [&](std::uint64_t version) {
        return begins[std::min<std::size_t>(version, begins.size() - 1)];
    };
    std::vector<Place> places;
    places.reserve(ops_.size());
    for (std::uint64_t k = 1; k < versions_.size(); ++k)
        places.push_back({.version = k, .op = versions_[k].maker});
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        if (!op.definite() || op.updates()) continue;
        Index moment = 2 * op.inv + 1;
        if (op.action == RegisterAction::read) {
            places.push_back(
                {.version = op.version, .moment = std::max(moment, begin_of(op.version)), .op = i});
            continue;
        }
        const std::uint64_t from = op.from_version;
        const bool later = from < versions_.size() && op.inv > versions_[from].begins_before;
        if (from == 0 || later) {
            moment = std::max(moment, begin_of(from + 1));
            const auto after = std::ranges::upper_bound(begins, moment);
            places.push_back({.version = static_cast<std::uint64_t>(after - begins.begin() - 1),
                              .moment = moment,
                              .op = i});
        } else {
            const auto after = std::ranges::lower_bound(begins, moment);
            places.push_back({.version = static_cast<std::uint64_t>(after - begins.begin() - 1),
                              .moment = moment,
                              .op = i});
        }
    }
    std::ranges::stable_sort(
        places, {}, [](const Place& place) { return std::tuple(place.version, place.moment); });
    std::vector<std::uint32_t> order;
    order.reserve(places.size());
    for (const Place& place : places)
        order.push_back(place.op);
    return order;
}

} // namespace faultlab
