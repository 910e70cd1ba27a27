#!/usr/bin/env bash
# An installation of what isn't built says what to build, and that is all that is installed, without the tests.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-unbuilt.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

cmake -S "$here/../.." -B "$scratch/build" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release >"$scratch/configure.log"

if cmake --install "$scratch/build" --prefix "$scratch/prefix" >"$scratch/install.log" 2>&1; then
  echo "what isn't built was installed" >&2 && exit 1
fi
tr --squeeze-repeats '[:space:]' ' ' <"$scratch/install.log" |
  grep --fixed-strings "isn't built yet. First: cmake --build $scratch/build --target installable" ||
  { cat "$scratch/install.log" && exit 1; }

# Makefile2 has a rule for each target that `installable` depends on.
needed=$(grep --only-matching --perl-regexp '^CMakeFiles/installable.dir/all: \K.*(?=/all$)' "$scratch/build/CMakeFiles/Makefile2" |
  sed -E 's|.*/(.*)\.dir$|\1|' | sort | xargs)
wanted="client-sim switchboard switchboard_logic switchboard_misc switchboard_net switchboard_proc switchboard_testing"
[[ $needed == "$wanted" ]] || { echo "installable needs $needed, and not $wanted" >&2 && exit 1; }
