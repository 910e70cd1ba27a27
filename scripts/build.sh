#!/usr/bin/env bash
# Configures and builds one preset; installs missing packages first.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/build.sh [--preset NAME] [TARGET…]

Builds TARGETs (default: everything) into build/NAME/.

  --preset NAME   release (default), debug, asan, tsan, clang or fuzz

SWITCHBOARD_WERROR=ON in the environment takes warnings for errors, from then on in that folder.
USAGE
}

preset=release
targets=()
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --preset=*) preset=${1#*=} ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh

if [[ ! -f build/$preset/CMakeCache.txt ]] && command -v ninja >/dev/null; then
  export CMAKE_GENERATOR=Ninja
fi
echo "build: preset $preset (the first build takes minutes)"
cmake --preset "$preset" ${SWITCHBOARD_WERROR:+"-DSWITCHBOARD_WERROR=$SWITCHBOARD_WERROR"}
build=(cmake --build --preset "$preset" --parallel "$(nproc)")
((${#targets[@]} == 0)) || build+=(--target "${targets[@]}")
NINJA_STATUS="[%f/%t, %es] " "${build[@]}"
