#!/usr/bin/env bash
# Puts a running server through faults while clients watch, and the same faults through nginx.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/faults.sh [OPTION…]

Reloads, upgrades and stops servers, changes the number of their workers, kills and freezes workers, feeds them bad
configurations, rotates their log and fills its disk, each under load: client-sim with 20 connections and 2,000 checked
requests a second, and two clients that connect anew for each request. Then it puts Switchboard and Debian's nginx
through the same reloads, upgrades and kills under the same load. Prints two tables, and writes them into
docs/RELIABILITY.md. Leaves nothing running. The exit code is 1 when a target is missed.

  --quick       one minute instead of three or four: fewer runs, shorter pauses
  --only REGEX  some faults only: reloads, upgrades, worker_counts, killed_workers, stopped_workers,
                bad_configurations, log_rotations, full_disk, stops, compared; writes nothing
  --no-write    print only
  --build DIR   take programs that are built already from DIR/bench and DIR/bin; without it the release preset is
                built, and Debian's nginx is installed if it is missing

The full disk is a tmpfs in a mount namespace of the script's own, so it needs root, and is left out without.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# As the page quotes it: where the programs were built is nobody else's business.
command_line=bench/faults.sh
build='' write=yes arguments=()
while (($# > 0)); do
  case $1 in
    --quick) arguments+=(--quick) && command_line+=' --quick' ;;
    --no-write) write=no ;;
    --only) arguments+=(--only "${2:?"$1 needs a value"}") write=no && shift ;;
    --build) build=${2:?"$1 needs a value"} && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

# shellcheck source=bench/packages.sh
source "$root/bench/packages.sh"
[[ -x $(PATH=$PATH:/usr/sbin command -v nginx) ]] || install_packages nginx-light
if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  "$root/scripts/build.sh" --preset release bench-programs switchboard
  build=$root/build/release
fi

own_mounts=()
if ((EUID == 0)) && unshare --mount --propagation private true 2>/dev/null; then
  own_mounts=(unshare --mount --propagation private)
else
  echo "faults: nothing can be mounted here, so that the full disk is left out" >&2
  arguments+=(--no-disk)
fi
[[ $write == no ]] || arguments+=(--page "$root/docs/RELIABILITY.md")
ulimit -n "$(ulimit -Hn)"
exec "${own_mounts[@]}" python3 "$root/bench/faults.py" --build "$build" --command "$command_line" "${arguments[@]}"
