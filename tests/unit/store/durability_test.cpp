// That an intended fault is synced to the disk, by counting what SQLite asks the kernel for.

#include "core/store/database.hpp"
#include "tests/unit/store/store_support.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<int> syncs = 0;

} // namespace

/// In the place of libc's, for all libraries of this process.
extern "C" int fdatasync(int file) {
    ++syncs;
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace faultlab::store_test {
namespace {

TEST_CASE("a fault that is intended is on the disk when the call returns", "[store]") {
    const Directory directory;
    auto writer = writer_at(directory / "run.db");
    auto reader = Database::open(directory / "run.db", Database::Mode::read);
    REQUIRE(reader);
    for (FaultId fault = 1; fault <= 50; ++fault) {
        const int before = syncs;
        REQUIRE(writer->fault_intended({.id = fault, .nemesis = "kill"}, 0));
        REQUIRE(syncs > before);
        REQUIRE(reader->query_integer("SELECT count(*) FROM fault").value() == fault);
    }
}

} // namespace
} // namespace faultlab::store_test
