#!/usr/bin/env bash
# Tests of the launcher and of the package installer, each in a checkout of its own with stand-ins
# for the tools that they call (dpkg-query, cmake, ctest, sudo, apt-get, …).
#
#   launcher_test.sh ROOT CASE
set -euo pipefail

root=$1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/faultlab launcher.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT
checkout="$scratch/check out"
tools="$scratch/tools"
calls="$scratch/calls"

stand_in() { # NAME: its body is read from standard input
    { printf '#!/bin/bash\n'; cat; } >"$tools/$1"
    chmod 755 "$tools/$1"
}

prepare() {
    mkdir -p "$checkout/core" "$checkout/docs" "$tools"
    cp -r "$root/faultlab" "$root/packaging" "$checkout/"
    echo 'int x;' >"$checkout/core/x.cpp"
    echo '{}' >"$checkout/CMakePresets.json"
    : >"$calls"
    export calls PATH="$tools:$PATH" XDG_CACHE_HOME="$scratch/cache"
    # Every package that is asked for is installed, but for those in $absent.
    export absent='none'
    stand_in dpkg-query <<'STAND_IN'
for name in "${@:4}"; do
    [[ " $absent " == *" $name "* ]] || echo "installed $name"
done
STAND_IN
    # "Builds" a binary that prints its arguments, one a line.
    stand_in cmake <<'STAND_IN'
echo "cmake $*" >>"$calls"
if [ "$1" = --build ]; then
    if [ -n "${broken:-}" ]; then echo 'x.cpp:1: error: it is broken'; exit 1; fi
    sleep "${build_takes:-0}"
    printf '#!/bin/bash\nprintf "%%s\\n" "$@"\n' >"$2/faultlab"
    chmod 755 "$2/faultlab"
else
    while [ "$1" != -B ]; do shift; done
    touch "$2/build.ninja"
fi
STAND_IN
    stand_in ctest <<'STAND_IN'
echo "ctest $*" >>"$calls"
exit 8
STAND_IN
    # The launcher compares times: what was written in the same tick must not look newer.
    find "$checkout" -exec touch -d '-1 hour' {} +
    chmod -R a+rX "$scratch"
    chmod a+w "$calls"
}

expect() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] && return
    printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    exit 1
}
expect_text() { # WHAT TEXT FILE
    grep -qF -- "$2" "$3" && return
    printf 'FAILED: %s\n  expected the text: %s\n  got:\n' "$1" "$2"
    cat "$3"
    exit 1
}
launch() { # [ARGUMENT]...: sets status, fills $scratch/out and $scratch/err
    status=0
    "$checkout/faultlab" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}
builds() { grep -c '^cmake --build' "$calls" || true; }

# Runs as a user who is not root.
as_user() {
    if [ "$EUID" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
launch_as_user() {
    status=0
    as_user "$checkout/faultlab" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}
give_to_user() {
    if [ "$EUID" = 0 ]; then chown -R 65534:65534 "$scratch"; fi
}

case_passes_arguments_on() {
    launch list 'two words' '' --x
    expect 'exit code' 0 "$status"
    expect 'arguments' $'list\ntwo words\n\n--x' "$(cat "$scratch/out")"
}

case_second_call_takes_under_200_ms() {
    launch list
    local best=999999 begun took
    for _ in 1 2 3 4 5; do
        begun=${EPOCHREALTIME/[.,]/}
        launch list
        took=$((${EPOCHREALTIME/[.,]/} - begun))
        if [ "$took" -lt "$best" ]; then best=$took; fi
    done
    echo "second call: $best us"
    expect 'builds' 1 "$(builds)"
    expect 'under 200 ms' yes "$([ "$best" -lt 200000 ] && echo yes || echo "$best us")"
}

case_rebuilds_when_a_source_changed() {
    launch list
    touch -d '+1 minute' "$checkout/docs"
    launch list
    expect 'builds after a change of documents' 1 "$(builds)"
    touch -d '+1 minute' "$checkout/core/x.cpp"
    launch list
    expect 'builds after a change of a source' 2 "$(builds)"
}

case_works_through_a_link_from_elsewhere() {
    ln -s "$checkout/faultlab" "$scratch/link"
    cd /
    "$scratch/link" list >"$scratch/out" 2>/dev/null
    expect 'output' list "$(cat "$scratch/out")"
}

case_two_at_once_build_once() {
    export build_takes=0.5
    "$checkout/faultlab" one >"$scratch/one" 2>/dev/null &
    "$checkout/faultlab" two >"$scratch/two" 2>/dev/null
    wait $!
    expect 'outputs' 'one two' "$(cat "$scratch/one") $(cat "$scratch/two")"
    expect 'builds' 1 "$(builds)"
}

case_a_running_lab_holds_no_lock() {
    launch list
    printf '#!/bin/bash\nls -l /proc/self/fd\n' >"$checkout/build/release/faultlab"
    touch -d '+1 minute' "$checkout/core/x.cpp"
    rm "$tools/cmake"
    stand_in cmake <<<'exit 0'
    launch
    expect 'lock in the binary' 0 "$(grep -c '\.lock' "$scratch/out")"
}

case_failed_build_is_70_and_shows_the_error() {
    export broken=yes
    launch list
    expect 'exit code' 70 "$status"
    expect_text 'the error' 'x.cpp:1: error: it is broken' "$scratch/err"
    expect_text 'where the log is' build/release/build.log "$scratch/err"
    unset broken
    launch list
    expect 'exit code once it is mended' 0 "$status"
}

case_no_install_is_69_and_names_the_packages() {
    absent='ccache libboost1.81-dev libboost1.83-dev'
    launch --no-install list
    expect 'exit code' 69 "$status"
    expect_text 'the command' \
        'apt-get satisfy --no-install-recommends "ccache, libboost1.83-dev | libboost1.81-dev"' \
        "$scratch/err"
    expect 'builds' 0 "$(builds)"
}

case_either_of_two_packages_is_enough() {
    absent='libboost1.83-dev'
    launch --no-install list
    expect 'exit code' 0 "$status"
}

case_without_sudo_it_says_what_root_must_do() {
    give_to_user
    absent=ccache
    # A path without sudo: only the tools that the launcher needs.
    local tool
    for tool in bash readlink dirname mkdir flock find touch mv rm nproc awk grep; do
        ln -sf "$(command -v "$tool")" "$tools/$tool"
    done
    status=0
    as_user env PATH="$tools" "$checkout/faultlab" list >"$scratch/out" 2>"$scratch/err" \
        </dev/null || status=$?
    expect 'exit code' 69 "$status"
    expect_text 'the reason' 'there is no sudo' "$scratch/err"
    expect_text 'the way out' 'as root, run: apt-get satisfy' "$scratch/err"
}

case_sudo_that_asks_for_a_password_needs_a_terminal() {
    give_to_user
    absent=ccache
    stand_in sudo <<<'exit 1'
    launch_as_user list
    expect 'exit code' 69 "$status"
    expect_text 'the reason' 'sudo asks for a password' "$scratch/err"
}

case_installs_through_sudo_without_a_terminal() {
    give_to_user
    absent=ccache
    stand_in sudo <<<'if [ "$1" = -n ]; then exit 0; fi; echo "sudo ${*:3}" >>"$calls"'
    launch_as_user list
    expect 'exit code' 0 "$status"
    expect_text 'what was installed' 'sudo ccache' "$calls"
}

case_on_a_terminal_it_asks_and_no_is_69() {
    absent=ccache
    status=0
    script -qec "'$checkout/faultlab' list" /dev/null <<<n >"$scratch/out" 2>&1 || status=$?
    expect 'exit code' 69 "$status"
    expect_text 'the question' 'install them now?' "$scratch/out"
}

case_a_checkout_of_somebody_else_builds_in_the_cache() {
    mkdir "$scratch/cache"
    if [ "$EUID" = 0 ]; then chown 65534 "$scratch/cache"; fi
    chmod a-w "$checkout"
    launch_as_user list
    chmod u+w "$checkout"
    expect 'exit code' 0 "$status"
    expect 'binaries in the cache' 1 "$(find "$scratch/cache" -name faultlab -type f | wc -l)"
}

case_selftest_runs_ctest_and_returns_its_status() {
    launch selftest -R core
    expect 'exit code' 8 "$status"
    expect_text 'the choice' "-LE ^(long|lab|slurm|fuzz|sanitizer)\$ -R core" "$calls"
    expect_text 'the target' '--target all' "$calls"
    launch selftest -L long
    expect 'exclusions beside a choice of labels' 1 "$(grep -c -- '-LE' "$calls")"
}

# --- packaging/install-packages ----------------------------------------------------------------

prepare_installer() {
    prepare
    export FAULTLAB_INSTALL_ROOT="$scratch/root"
    export policy="$FAULTLAB_INSTALL_ROOT/usr/sbin/policy-rc.d"
    mkdir -p "$FAULTLAB_INSTALL_ROOT"/{usr/sbin,run/lock,etc/init.d,etc/rc2.d} \
        "$FAULTLAB_INSTALL_ROOT/etc/systemd/system/multi-user.target.wants"
    stand_in dpkg <<<''
    stand_in deb-systemd-helper <<<'echo "deb-systemd-helper $*" >>"$calls"'
    stand_in update-rc.d <<<'echo "update-rc.d $*" >>"$calls"'
    # Notes what the policy says to a package that wants to start a service, and enables one.
    stand_in apt-get <<'STAND_IN'
[[ " $* " == *" -s "* || " $* " == *" update "* ]] && exit 0
"$policy" >/dev/null 2>&1; echo "policy $?" >>"$calls"
touch "$FAULTLAB_INSTALL_ROOT/etc/systemd/system/multi-user.target.wants/etcd.service"
touch "$FAULTLAB_INSTALL_ROOT/etc/init.d/etcd"
if [ -n "${hangs:-}" ]; then touch "$hangs"; sleep 60 & wait $!; fi
exit "${apt_status:-0}"
STAND_IN
}

case_installer_forbids_services_meanwhile() {
    prepare_installer
    bash "$checkout/packaging/install-packages" etcd-server >/dev/null
    expect_text 'the policy while apt ran' 'policy 101' "$calls"
    expect 'policy afterwards' no "$([ -e "$policy" ] && echo yes || echo no)"
    expect_text 'the unit' 'deb-systemd-helper disable etcd.service' "$calls"
    expect_text 'the init script' 'update-rc.d etcd disable' "$calls"
}

case_installer_leaves_enabled_services_alone() {
    prepare_installer
    touch "$FAULTLAB_INSTALL_ROOT/etc/systemd/system/multi-user.target.wants/etcd.service"
    bash "$checkout/packaging/install-packages" etcd-server >/dev/null
    expect 'disabled' 0 "$(grep -c disable "$calls" || true)"
}

case_installer_restores_the_policy_after_a_failure() {
    prepare_installer
    printf '#!/bin/sh\nexit 104\n' >"$policy"
    chmod 755 "$policy"
    status=0
    apt_status=100 bash "$checkout/packaging/install-packages" g++ >/dev/null || status=$?
    expect 'fails' yes "$([ "$status" != 0 ] && echo yes || echo no)"
    expect_text 'the policy while apt ran' 'policy 101' "$calls"
    status=0
    "$policy" || status=$?
    expect 'policy afterwards' 104 "$status"
}

case_installer_restores_the_policy_when_interrupted() {
    prepare_installer
    printf '#!/bin/sh\nexit 104\n' >"$policy"
    chmod 755 "$policy"
    local installer deadline=$((SECONDS + 20))
    export hangs="$scratch/hangs"
    setsid bash "$checkout/packaging/install-packages" g++ >/dev/null 2>&1 &
    installer=$!
    until [ -e "$hangs" ] || [ "$SECONDS" -ge "$deadline" ]; do sleep 0.05; done
    kill -TERM -- "-$installer"
    wait "$installer" || true
    status=0
    "$policy" || status=$?
    expect 'policy afterwards' 104 "$status"
}

case_installer_mends_what_a_killed_one_left() {
    prepare_installer
    printf '#!/bin/sh\n# written by faultlab for the time of an installation\nexit 101\n' >"$policy"
    printf '#!/bin/sh\nexit 104\n' >"$policy.before-faultlab"
    chmod 755 "$policy" "$policy.before-faultlab"
    bash "$checkout/packaging/install-packages" g++ >/dev/null
    status=0
    "$policy" || status=$?
    expect 'policy afterwards' 104 "$status"
}

prepare
"case_$2"
