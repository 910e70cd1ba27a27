#!/usr/bin/env bash
# Has the tree as a subfolder of another project, at an awkward path, and looks at what comes along: the library alone.
# The parent asks for a unity build, which the sources of the tree are not made for.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-nested.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
parent="$scratch/a parent 机房"
build=$parent/build
# So that a compiler cache knows what it has compiled in an earlier scratch folder.
export CCACHE_BASEDIR=$scratch CCACHE_NOHASHDIR=1

mkdir -p "$parent/switchboard"
cp "$root/tests/consumer/nested/CMakeLists.txt" "$parent"
cp "$root"/examples/chat/* "$parent"
cp -r "$root"/{CMakeLists.txt,LICENSE,cmake,conf,misc,net,logic,proc,testing,client-sim,examples,bench,tests} "$parent/switchboard"

echo "== configure"
cmake -G Ninja -S "$parent" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON

failed=0
# expect_none WHAT LINES: nothing of this kind came along.
expect_none() {
  [[ -z $2 ]] || { printf 'brings %s:\n%s\n' "$1" "$2" >&2 && failed=1; }
}
expect_none "programs" \
  "$(ninja -C "$build" -t targets all | grep EXECUTABLE_LINKER | grep --invert-match '^nested:' || true)"
expect_none "tests" "$(ctest --test-dir "$build" --show-only | grep '^ *Test *#' || true)"
expect_none "a unity build" "$(grep '"file":.*switchboard/.*unity_' "$build/compile_commands.json" | head --lines=3 || true)"
expect_none "-Werror" "$(grep --max-count=1 '"command":.*-Werror' "$build/compile_commands.json" || true)"
cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" || failed=1
mkdir -p "$scratch/prefix"
expect_none "files to install" "$(find "$scratch/prefix" -type f)"

echo "== build a part of it, and what includes it"
cmake --build "$build" --parallel "$(nproc)" --target switchboard_misc nested_code
exit "$failed"
