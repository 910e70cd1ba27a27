#!/usr/bin/env bash
# Measures what serving files over HTTP costs, beside Debian's nginx.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/http.sh [OPTION…]

Pins Switchboard and nginx (one worker each, sendfile, tcp_nopush, open_file_cache, access log) to one core and the load
to another, drives them in turn, round after round, and prints a table of medians: CPU time of the server for each
request of a 1 KiB file (wrk, keep-alive, and 16 requests deep), for each GB of a large file (curl), and memory for each
idle connection. Then it writes the table into docs/HTTP.md. Ends with 1 when a target is missed. Leaves nothing
running.

  --rounds N        rounds (default 5)
  --duration S      whole seconds of each measurement with wrk (default 3)
  --file-mib N      MiB of the large file (default 1024)
  --idle N          idle connections (default 10000)
  --cases LIST      of 64x1,1000x1,64x16,download,idle (default: all of them)
  --quick           1 round of 1 s, 64 MiB and 1,000 idle connections with --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the servers (default 0)
  --load-core N     core of the load (default 1)
  --build DIR       take programs that are built already from DIR; without it the release preset is built, after
                    Debian packages that are missing have been installed
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/http.sh  # with what matters to the figures
rounds=5 duration=3 file_mib=1024 idle=10000 cases=64x1,1000x1,64x16,download,idle
server_core=0 load_core=1 build='' write=yes
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 duration=1 file_mib=64 idle=1000 write=no command_line+=" $1" ;;
    --no-write) write=no ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --duration | --file-mib | --idle | --cases | --server-core | --load-core | --build)
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

if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  install_packages nginx-light curl wrk
  "$root/scripts/build.sh" --preset release switchboard
  build=$root/build/release
fi

ulimit -n "$(ulimit -Hn)"
page=()
[[ $write == no ]] || page=(--page "$root/docs/HTTP.md")
exec python3 "$root/bench/http_bench.py" --switchboard "$build/bin/switchboard" --rounds "$rounds" \
  --duration "$duration" --file-mib "$file_mib" --idle "$idle" --cases "$cases" --server-core "$server_core" \
  --load-core "$load_core" --command "$command_line" "${page[@]}"
