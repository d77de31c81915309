#include "nemesis/node/control_group.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::node;

namespace {

constexpr const char* mounts_v1 =
    "24 23 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "26 24 0:24 /box /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n";
constexpr const char* mounts_v2 =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

} // namespace

TEST_CASE("a group is made where this process is, in version 1") {
    const char* const cgroups = "3:memory:/box/inner\n2:cpu,cpuacct:/\n0::/\n";
    const auto cpu = find_group_place("cpu", mounts_v1, cgroups);
    REQUIRE(cpu.has_value());
    CHECK(*cpu == GroupPlace{.version = GroupVersion::v1,
                             .directory = "/sys/fs/cgroup/cpu,cpuacct",
                             .home = "/sys/fs/cgroup/cpu,cpuacct",
                             .root = "/sys/fs/cgroup/cpu,cpuacct"});
    const auto memory = find_group_place("memory", mounts_v1, cgroups);
    REQUIRE(memory.has_value());
    CHECK(memory->home == "/sys/fs/cgroup/memory/inner"); // the mount shows what is below /box
    CHECK_FALSE(find_group_place("pids", mounts_v1, cgroups).has_value());
}

TEST_CASE("a group is made at the root, in version 2, and its processes go back home") {
    const auto place = find_group_place("memory", mounts_v2, "0::/user.slice/a.scope\n");
    REQUIRE(place.has_value());
    CHECK(*place == GroupPlace{.version = GroupVersion::v2,
                               .directory = "/sys/fs/cgroup",
                               .home = "/sys/fs/cgroup/user.slice/a.scope",
                               .root = "/sys/fs/cgroup"});
}

TEST_CASE("a controller of neither version is nowhere") {
    CHECK_FALSE(find_group_place("cpu", "", "").has_value());
    CHECK_FALSE(find_group_place("cpu", "nonsense\n- - -\n", "::\nx\n").has_value());
}

TEST_CASE("limits are other files in each version") {
    GroupLimits limits;
    limits.cpu_share = 50'000;
    limits.cpu_weight = 64;
    limits.memory = 1 << 20;
    limits.tasks = 5;
    limits.io_rate = 131'072;
    limits.io_device = "254:0";
    CHECK(group_settings(limits, GroupVersion::v1) ==
          std::vector<GroupSetting>{{"cpu", "cpu.cfs_period_us", "100000"},
                                    {"cpu", "cpu.cfs_quota_us", "5000"},
                                    {"cpu", "cpu.shares", "64"},
                                    {"memory", "memory.limit_in_bytes", "1048576"},
                                    {"pids", "pids.max", "5"},
                                    {"blkio", "blkio.throttle.read_bps_device", "254:0 131072"},
                                    {"blkio", "blkio.throttle.write_bps_device", "254:0 131072"}});
    CHECK(group_settings(limits, GroupVersion::v2) ==
          std::vector<GroupSetting>{{"cpu", "cpu.max", "5000 100000"},
                                    {"cpu", "cpu.weight", "3"},
                                    {"memory", "memory.max", "1048576"},
                                    {"pids", "pids.max", "5"},
                                    {"io", "io.max", "254:0 rbps=131072 wbps=131072"}});
    CHECK(group_settings({}, GroupVersion::v1).empty());
}
