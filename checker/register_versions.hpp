#pragma once

#include "checker/register_model.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace faultlab {

/// What the fast path takes for true. All hold; tests switch each off and see that it is noticed.
struct VersionLicences {
    bool versions_keep_time = true; ///< nobody returns before one of a lower version is invoked
    bool made_once = true;          ///< two updates cannot make the same version
    bool one_value = true;          ///< a version has one value
    bool follows = true;            ///< a cas makes the version after the one it compared with
    bool absent_at_first = true;    ///< version 0 is the absent value
    bool no_gaps = true;            ///< every version up to one that was seen was made
    bool only_candidate = true;     ///< of several operations that fit, any can be the maker
    bool open_ops_stay_open = true; ///< an open operation never returns
    bool failed_cas_observe = true; ///< a cas that compared false saw another version
    bool failed_cas_push = true;    ///< and what it forces leaves less room for the next one
};

/// Decides the history of one register whose values carry versions. Versions never come back, so
/// operations that know theirs are in order but for the reads of one version: what is left is to
/// see that this order keeps real time, which takes time linear in the operations.
///
/// Version k holds from a moment p(k) to p(k+1). Of all operations that come before p(k) by their
/// versions, the last invocation is before it; of all that come after it, the first return is after
/// it. A cas that compared false with k must be invoked before p(k) or return after p(k+1): with
/// every p(k) as late as these limits and the failed cas of lower versions allow, the failed cas of
/// k have the most room, and so have those of all later versions.
///
/// Updates that do not know their version (writes that were told nothing, open ones) are given the
/// versions that were seen with their value, where only one of them fits. What is illegal then is
/// illegal whatever the others did. Others are placed by their deadlines: if that does not come to
/// a legal order, the answer is left to the search. Derived here; the reasoning about zones of
/// Gibbons and Korach ("Testing shared memories", 1997) with one zone for the whole history.
///
/// Owned by one thread; memory is kept from key to key.
class RegisterVersions {
public:
    enum class Answer : std::uint8_t {
        legal,
        illegal,
        undecided, ///< or no register with versions
    };

    explicit RegisterVersions(const VersionLicences& licences = {}) : licences_(licences) {}

    /// Requires: `ops` in order of invocation, and to live as long as its answer is asked about.
    Answer judge(std::span<const RegisterOp> ops);

    /// Of an illegal history: positions of the few operations that prove it, ascending; see
    /// certificate_refutes in register_proof.hpp.
    [[nodiscard]] const std::vector<std::uint32_t>& certificate() const { return certificate_; }

    /// Of a legal history: positions in a legal order.
    [[nodiscard]] std::vector<std::uint32_t> witness() const;

private:
    static constexpr std::uint32_t nobody = UINT32_MAX;

    /// A version: who made it, who saw it, and when it can have begun.
    struct Version {
        std::uint32_t maker = nobody;
        ValueId value = any_value;
        std::uint32_t seen_by = nobody;    ///< an operation that knows its value
        std::uint32_t first_read = nobody; ///< that returned first
        std::uint32_t last_read = nobody;  ///< that was invoked last
        std::uint32_t after = nobody;      ///< it begins after the invocation of this one
        std::uint32_t before = nobody;     ///< it begins before the return of this one
        std::uint32_t pushed_by = nobody;  ///< or even before the return of this failed cas
        Index begins_before = never;       ///< the earlier of the two returns
    };

    void clear();
    bool bound();
    bool collect();
    bool collect_update(std::uint32_t i);
    bool see(std::uint32_t i, std::uint64_t version);
    /// Whether there can be a maker for each version.
    bool enough_makers();
    bool resolve();
    bool keep_time();
    bool keep_failed_cas();
    /// Whether no update is left that can end the last version.
    [[nodiscard]] bool last_is_final() const;

    /// Completes the versions by choice. False when that came to nothing.
    bool complete(bool open_first);
    bool fill(bool open_first);
    bool append_open();
    void append(std::uint32_t maker);
    void place(std::uint64_t version, std::uint32_t maker);

    [[nodiscard]] Index invoked(std::uint32_t i) const { return i == nobody ? -1 : ops_[i].inv; }
    [[nodiscard]] Index returned(std::uint32_t i) const;
    bool refute(std::initializer_list<std::uint32_t> cited);
    void cite(std::uint32_t i);
    /// What makes a version begin so early.
    void cite_push(std::uint64_t version);
    [[nodiscard]] std::vector<Index> points() const;

    VersionLicences licences_;
    std::span<const RegisterOp> ops_;
    std::vector<Version> versions_;  ///< by number: 0 … the last that a definite operation knows
    std::uint32_t highest_ = nobody; ///< a definite operation that knows the last one
    std::vector<std::uint32_t> failed_cas_;   ///< by what they compared with
    std::vector<std::uint32_t> loose_writes_; ///< that do not know their version
    std::vector<std::uint32_t> open_cas_;     ///< by what they compare with
    std::vector<std::uint64_t> placed_;       ///< by position: the version given to a loose one
    std::size_t definite_left_ = 0;           ///< loose writes without a version
    bool needs_another_ = false;              ///< failed cas saw that the last version ended
    std::vector<std::uint32_t> certificate_;
};

} // namespace faultlab
