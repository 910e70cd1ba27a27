#!/usr/bin/env bash
# Builds one preset and runs all its tests.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/test.sh [--preset NAME] [CTEST-OPTION…]

Installs what is missing, builds, and runs the tests; the output of those that fail is shown. The one that installs the
library and uses it from another project is left to .ci/run.

  --preset NAME   release (default), debug, asan, tsan or clang
  CTEST-OPTION    goes to ctest, such as -R PATTERN, -L unit or --repeat until-fail:20
USAGE
}

preset=release
options=()
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --preset=*) preset=${1#*=} ;;
    -h | --help) usage && exit 0 ;;
    *) options+=("$1") ;;
  esac
  shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh --preset "$preset"

run=()
# Older ThreadSanitizer runtimes can't place their shadow memory when addresses are randomised over more than 28 bits.
if [[ $preset == tsan && $(</proc/sys/vm/mmap_rnd_bits) -gt 28 ]]; then
  run=(setarch --addr-no-randomize)
fi
exec "${run[@]}" ctest --preset "$preset" --parallel "$(nproc)" "${options[@]}"
