#!/bin/bash
# Builds faultlab anew with another compiler or without optimisation, and has it simulate what the
# build under test simulates: every chain must be the same.
#
# Usage: other_builds_test.sh SOURCE FAULTLAB NAME [CMAKE-OPTION …]
set -euo pipefail

source=$1 faultlab=$2 name=$3
shift 3

work=$(mktemp -d "${TMPDIR:-/tmp}/faultlab-determinism.XXXXXX")
trap 'rm -rf "$work"' EXIT

cmake -S "$source" -B "$work/build" -G Ninja -DFAULTLAB_TESTS=OFF "$@" > "$work/configured" \
    || { cat "$work/configured"; exit 1; }
cmake --build "$work/build" --target faultlab > "$work/built" || { tail -30 "$work/built"; exit 1; }

"$faultlab" sim audit --iterations 3 > "$work/chains"
echo "$name: $(wc -l < "$work/chains") chains"
"$(find "$work/build" -name faultlab -type f -perm -u+x)" \
    sim audit --iterations 3 --against "$work/chains" > "$work/others"
cmp "$work/chains" "$work/others"
