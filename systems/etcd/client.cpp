#include "core/check.hpp"
#include "core/op.hpp"
#include "core/system.hpp"
#include "core/types.hpp"
#include "core/value.hpp"
#include "systems/etcd/errors.hpp"
#include "systems/etcd/parts.hpp"
#include "systems/etcd/wire.hpp"
#include "systems/http.hpp"

#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace faultlab::etcd {
namespace {

Value versioned(Entry entry) {
    return Value::List{std::move(entry.value), entry.version};
}

class EtcdClient final : public Client {
public:
    explicit EtcdClient(ClientSettings settings)
        : settings_(std::move(settings)), http_(settings_.endpoint) {}

    Completion invoke(const Invocation& op, Nanos limit) override {
        if (op.f == "read") return read(op, limit);
        if (op.f == "write")
            return settings_.versioned ? versioned_write(op, limit) : write(op, limit);
        FAULTLAB_CHECK(op.f == "cas");
        const Value::List* arguments = op.arg.list();
        FAULTLAB_CHECK(arguments != nullptr && arguments->size() == 2);
        const Value& from = arguments->front();
        const Value& to = arguments->back();
        return settings_.versioned ? versioned_cas(op.key, from, to, limit)
                                   : cas(op.key, from, to, limit);
    }

private:
    Completion read(const Invocation& op, Nanos limit) {
        const HttpReply reply =
            http_.post("/v3/kv/range", range_request(op.key, settings_.serializable_reads), limit);
        if (reply.status != 200) return outcome_of_error(error_of(reply), true);
        auto entry = entry_of_range(reply.body);
        if (!entry) return outcome_of_error(std::string(malformed_answer), true);
        if (settings_.versioned) return Done{versioned(std::move(*entry))};
        return Done{std::move(entry->value)};
    }

    Completion write(const Invocation& op, Nanos limit) {
        const HttpReply reply = http_.post("/v3/kv/put", put_request(op.key, op.arg), limit);
        if (reply.status != 200) return outcome_of_error(error_of(reply), false);
        if (!is_put_answer(reply.body)) return Unknown{std::string(malformed_answer)};
        return Done{};
    }

    Completion cas(const Value& key, const Value& from, const Value& to, Nanos limit) {
        const HttpReply reply =
            http_.post("/v3/kv/txn", compare_value_request(key, from, to), limit);
        if (reply.status != 200) return outcome_of_error(error_of(reply), false);
        const auto answer = answer_of_txn(reply.body);
        if (!answer) return Unknown{std::string(malformed_answer)};
        return Done{answer->succeeded};
    }

    Completion versioned_write(const Invocation& op, Nanos limit) {
        Completion outcome = versioned_outcome(
            http_.post("/v3/kv/txn", versioned_put_request(op.key, op.arg), limit));
        // It compares nothing, so it cannot have compared false.
        const Done* done = std::get_if<Done>(&outcome);
        if (done != nullptr && done->ret == Value(false)) {
            return Unknown{std::string(malformed_answer)};
        }
        return outcome;
    }

    Completion versioned_cas(const Value& key, const Value& from, const Value& to, Nanos limit) {
        FAULTLAB_CHECK(from.integer() != nullptr);
        return versioned_outcome(
            http_.post("/v3/kv/txn", compare_version_request(key, *from.integer(), to), limit));
    }

    static Completion versioned_outcome(const HttpReply& reply) {
        if (reply.status != 200) return outcome_of_error(error_of(reply), false);
        auto answer = answer_of_txn(reply.body);
        // A transaction that went through ends with a read of what it put.
        if (!answer || (answer->succeeded && !answer->entry)) {
            return Unknown{std::string(malformed_answer)};
        }
        if (!answer->succeeded) return Done{false};
        return Done{versioned(std::move(*answer->entry))};
    }

    ClientSettings settings_;
    HttpClient http_;
};

} // namespace

std::unique_ptr<Client> make_client(ClientSettings settings) {
    return std::make_unique<EtcdClient>(std::move(settings));
}

} // namespace faultlab::etcd
