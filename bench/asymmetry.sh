#!/usr/bin/env bash
# Measures what attacks cost the server for each byte that they cost the attacker, beside Debian's nginx.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/asymmetry.sh [OPTION…]

Attacks servers in the cheapest ways that there are, each time a server that was just started (one worker, the defaults
otherwise), and prints a table of medians: what the server then holds of memory, in its processes and in the kernel's
sockets, and the CPU time that it took, for each byte that the attacker sent. What HTTP can be used for is done to
Debian's nginx as well. Then it writes the table into docs/RELIABILITY.md. Takes three to four minutes. Leaves nothing
running.

  --rounds N        rounds (default 5)
  --only REGEX      only attacks whose name this finds; writes nothing
  --quick           1 round with a tenth of the connections and --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the servers (default 0)
  --load-core N     core of the attacker (default 1)
  --build DIR       take programs that are built already from DIR/bin; without it the release preset is built, after
                    Debian packages that are missing have been installed
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/asymmetry.sh  # with what matters to the figures
rounds=5 server_core=0 load_core=1 build='' write=yes arguments=()
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 write=no command_line+=" $1" arguments+=(--scale 0.1) ;;
    --no-write) write=no ;;
    --only) arguments+=(--only "${2:?"$1 needs a value"}") write=no && shift ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --server-core | --load-core | --build)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?"$1 needs a value"}"
      [[ $name == build ]] || command_line+=" $1 $2"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

# shellcheck source=bench/packages.sh
source "$root/bench/packages.sh"
# ss tells what sockets hold.
install_packages nginx-light iproute2
if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  "$root/scripts/build.sh" --preset release switchboard
  build=$root/build/release
fi

ulimit -n "$(ulimit -Hn)"
[[ $write == no ]] || arguments+=(--page "$root/docs/RELIABILITY.md")
exec python3 "$root/bench/asymmetry.py" --switchboard "$build/bin/switchboard" --rounds "$rounds" \
  --server-core "$server_core" --load-core "$load_core" --command "$command_line" "${arguments[@]}"
