#!/usr/bin/env bash
# Measures what more workers on more cores bring.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/scale.sh [OPTION…]

Drives a server with 1, 2, 4 and 8 workers, pinned to as many cores, from loads on the other cores (up to two for each
worker), and prints requests per second: 64-byte packets answered inline and by the pool, a file of 1 KiB over HTTP, and
the same file from nginx with as many workers, where nginx is installed. The columns of how busy the cores were tell
whether the server was the limit. Numbers of workers that leave fewer cores to the loads than to the server are left
out: with two cores this is a smoke test. With 16 cores it takes three minutes. Leaves nothing running.

  --workers LIST   numbers of workers (default 1,2,4,8)
  --rounds N       rounds (default 2)
  --seconds S      seconds that count of each measurement (default 4)
  --depth N        requests in flight on each connection (default 16)
  --build DIR      take programs that are built already from DIR/bench; without it the release preset is built
  --bundle DIR     instead of measuring, put all that it takes into DIR: run DIR/scale.sh, with these options, on a
                   machine that needs python3, taskset and pgrep, but neither a build nor the libraries
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build='' bundle='' options=()
while (($# > 0)); do
  case $1 in
    --workers | --rounds | --seconds | --depth) options+=("$1" "${2:?"$1 needs a value"}") && shift ;;
    --build) build=${2:?--build needs a folder} && shift ;;
    --bundle) bundle=${2:?--bundle needs a folder} && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

if [[ -d $here/lib ]]; then
  [[ -z $build$bundle ]] || { echo "scale: this is a bundle already" >&2 && exit 2; }
  exec python3 "$here/scale.py" "${options[@]}"
fi

if [[ -z $build ]]; then
  "$here/../scripts/build.sh" --preset release bench-server peer-load
  build=$here/../build/release
fi

[[ -n $bundle ]] || exec python3 "$here/scale.py" --build "$build" "${options[@]}"

programs=("$build/bench/bench-server" "$build/bench/peer-load")
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) && programs+=("$nginx") || echo "scale: no nginx here: the bundle has none"
mkdir -p "$bundle/lib"
cp "$here/scale.sh" "$here/scale.py" "${programs[@]}" "$bundle"
# A line of ldd names a library and where it lies, or the loader.
ldd "${programs[@]}" | sed -nE 's/^\s+(.* => )?(\/\S+) \(0x.*/\2/p' | sort -u | xargs cp --dereference --target-directory="$bundle/lib"
du -sh "$bundle"
