#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <string>

using namespace faultlab;

namespace {

/// What a checker says of a history as Jepsen's workload of the same name writes it.
CheckResult of_jepsen(const char* checker, const std::string& edn, const Options& options = {}) {
    const auto imported =
        import_history(*text_source(edn), "h.edn", {.namespaces = Namespaces::separate});
    INFO((imported ? "" : imported.error().text()));
    REQUIRE(imported);
    return check_with(imported->record, checker, options);
}

std::string bank(const char* last) {
    return std::string(R"({:index 0 :type :invoke :process 0 :f :transfer
 :value {:from 0, :to 1, :amount 5}}
{:type :ok :process 0 :f :transfer :value {:from 0, :to 1, :amount 5}}
{:type :invoke :process 1 :f :read :value nil}
{:type :ok :process 1 :f :read :value )") +
           last + "}";
}

std::string long_fork(const char* second) {
    return std::string(R"({:type :invoke :process 0 :f :write :value [[:w 0 1]]}
{:type :ok :process 0 :f :write :value [[:w 0 1]]}
{:type :invoke :process 1 :f :write :value [[:w 1 1]]}
{:type :ok :process 1 :f :write :value [[:w 1 1]]}
{:type :invoke :process 2 :f :read :value [[:r 0 nil] [:r 1 nil]]}
{:type :invoke :process 3 :f :read :value [[:r 1 nil] [:r 0 nil]]}
{:type :ok :process 2 :f :read :value [[:r 0 1] [:r 1 nil]]}
{:type :ok :process 3 :f :read :value )") +
           second + "}";
}

std::string kafka(const char* polled) {
    return std::string(R"({:type :invoke :process 0 :f :assign :value [3]}
{:type :ok :process 0 :f :assign :value [3]}
{:type :invoke :process 0 :f :send :value [[:send 3 7] [:send 3 8]]}
{:type :ok :process 0 :f :send :value [[:send 3 [0 7]] [:send 3 [1 8]]]}
{:type :invoke :process 0 :f :poll :value [[:poll]]}
{:type :ok :process 0 :f :poll :value [[:poll )") +
           polled + "]]}";
}

} // namespace

TEST_CASE("histories as Jepsen's workloads write them are judged") {
    CHECK(of_jepsen("bank", bank("{0 45, 1 55}"), {{"accounts", "2"}}).verdict == Verdict::valid);
    CHECK(of_jepsen("bank", bank("{0 45, 1 54}"), {{"accounts", "2"}}).verdict == Verdict::invalid);
    CHECK(of_jepsen("long-fork", long_fork("[[:r 1 1] [:r 0 1]]")).verdict == Verdict::valid);
    CHECK(of_jepsen("long-fork", long_fork("[[:r 1 1] [:r 0 nil]]")).verdict == Verdict::invalid);
    CHECK(of_jepsen("kafka", kafka("{3 [[0 7] [1 8]]}")).verdict == Verdict::valid);
    CHECK(of_jepsen("kafka", kafka("{3 [[0 7] [1 9]]}")).verdict == Verdict::invalid);
    const std::string sets = R"({:type :invoke :process 0 :f :add :value 10}
{:type :ok :process 0 :f :add :value 10}
{:type :invoke :process 0 :f :read :value nil}
{:type :ok :process 0 :f :read :value )";
    CHECK(of_jepsen("set", sets + "#{10}}").verdict == Verdict::valid);
    CHECK(of_jepsen("set", sets + "#{}}").verdict == Verdict::invalid);
}
