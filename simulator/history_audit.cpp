#include "simulator/history_audit.hpp"

#include "replica/client/lab_words.hpp"
#include "simulator/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace faultlab::simulator {
namespace {

/// Of so many rows one is encoded and decoded again: so few that nobody notices the time.
constexpr std::size_t looked_at_each = 4;

/// An operation as its client knows it.
struct Begun {
    const faultlab::Op* op = nullptr; ///< null: this index is that of a return, or of nothing
    const Exchange* exchange = nullptr;
};

class HistoryAudit {
public:
    HistoryAudit(const World& world, const History& history, Audits& audits)
        : history_(history), audits_(audits), begun_(static_cast<std::size_t>(world.indexes())),
          recorded_(begun_.size(), 0) {
        for (std::size_t i = 0; i < world.client_count(); ++i)
            hear(world.client(i));
    }

    void run() {
        for (std::size_t row = 0; row < history_.size(); ++row) {
            note(history_.inv_index()[row]);
            note(history_.ret_index()[row]);
            --asked_[history_.text(history_.f()[row])];
            if (row % looked_at_each == 0) check_answer(row);
        }
        for (std::size_t index = 0; index < recorded_.size(); ++index) {
            audits_.judge(Audit::HistoryComplete, recorded_[index] == 1, [&] {
                return fmt::format("{} is in the record {} times",
                                   describe(static_cast<Index>(index)),
                                   recorded_[index]);
            });
        }
        for (const auto& [kind, missing] : asked_) {
            audits_.judge(Audit::Kinds, missing == 0, [&, kind = kind, missing = missing] {
                return fmt::format(
                    "of operations of kind {} {} never came before a checker", kind, missing);
            });
        }
    }

private:
    void hear(const Client& client) {
        for (std::size_t k = 0; k < client.history().size(); ++k) {
            const faultlab::Op& op = client.history()[k];
            begun_.at(static_cast<std::size_t>(op.inv_index)) = {&op, &client.exchanges()[k]};
            if (is_judged(op.f)) {
                ++asked_[op.f];
            } else {
                note(op.inv_index);
                note(op.ret_index);
            }
        }
    }

    void note(Index index) {
        if (index == never) return;
        const auto at = static_cast<std::size_t>(index);
        if (at < recorded_.size()) ++recorded_[at];
    }

    [[nodiscard]] std::string describe(Index index) const {
        const Begun& here = begun_[static_cast<std::size_t>(index)];
        if (here.op != nullptr)
            return fmt::format("the invocation of a {} by c{}", here.op->f, here.op->client + 1);
        for (const Begun& begun : begun_) {
            if (begun.op != nullptr && begun.op->ret_index == index)
                return fmt::format("the return of a {} to c{}", begun.op->f, begun.op->client + 1);
        }
        return fmt::format("index {}, of which no client knows,", index);
    }

    /// Whether a row says what was sent for it, and what came back.
    void check_answer(std::size_t row) {
        const auto index = static_cast<std::size_t>(history_.inv_index()[row]);
        const Begun begun = index < begun_.size() ? begun_[index] : Begun{};
        if (begun.op == nullptr) return; // history-complete says so
        const Invocation invocation{.f = history_.text(history_.f()[row]),
                                    .key = history_.value(history_.key()[row]),
                                    .arg = history_.value(history_.arg()[row])};
        const auto operation = replica::operation_of(invocation);
        if (!operation) return; // kinds says so
        if (begun.exchange->asked != Checksum{}) {
            audits_.judge(
                Audit::Answers, checksum(encode(*operation)) == begun.exchange->asked, [&] {
                    return fmt::format("the {} of {} that is recorded is not what "
                                       "c{} sent",
                                       invocation.f,
                                       to_text(invocation.key),
                                       begun.op->client + 1);
                });
        }
        if (begun.exchange->answer.empty()) return;
        audits_.judge(
            Audit::Answers, same(invocation.f, *operation, begun.exchange->answer, row), [&] {
                return fmt::format("the {} of {} has another outcome in the record than "
                                   "c{} was told",
                                   invocation.f,
                                   to_text(invocation.key),
                                   begun.op->client + 1);
            });
    }

    /// Read as the client of real runs reads it.
    [[nodiscard]] bool
    same(const std::string& f, const Operation& asked, Bytes answer, std::size_t row) const {
        const auto result = replica::decode_result(answer, asked.code);
        if (!result) return false;
        const OpStatus status = history_.status()[row];
        const Completion told = replica::completion_of(f, replica::Done{*result}, asked.space);
        if (const auto* const done = std::get_if<faultlab::Done>(&told)) {
            return status == OpStatus::ok && history_.value(history_.ret()[row]) == done->ret;
        }
        return status == OpStatus::fail;
    }

    const History& history_;
    Audits& audits_;
    std::vector<Begun> begun_; ///< by index
    std::vector<std::uint8_t> recorded_;
    std::map<std::string, std::int64_t, std::less<>> asked_; ///< by kind, and not recorded
};

} // namespace

void audit_history(const World& world, const History& history, Audits& audits) {
    HistoryAudit(world, history, audits).run();
}

} // namespace faultlab::simulator
