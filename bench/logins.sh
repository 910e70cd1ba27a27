#!/usr/bin/env bash
# Measures what clients that log in cost those that echo.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/logins.sh [OPTION…]

Drives the demo with 50 clients that echo, alone and beside 8 that log in without a pause (each login is some 20 ms of
Argon2id), in turn, round after round: at 2,000 echoes a second, and at as many as go. Prints a table of medians of the
echoes' p50 and p99, and writes it into docs/RELIABILITY.md. Ends with 1 when p99 beside the logins is over three times
that alone. Leaves nothing running.

  --rounds N        rounds (default 7)
  --duration S      whole seconds of each measurement (default 3)
  --quick           1 round of 1 s with --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the server (default 0)
  --load-core N     core of the load (default 1)
  --build DIR       take programs that are built already from DIR/bin and DIR/bench; without it the release preset is
                    built
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/logins.sh  # with what matters to the figures
rounds=7 duration=3 server_core=0 load_core=1 build='' write=yes
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 duration=1 write=no command_line+=" $1" ;;
    --no-write) write=no ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --duration | --server-core | --load-core | --build)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?"$1 needs a value"}"
      [[ $name == build ]] || command_line+=" $1 $2"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  "$root/scripts/build.sh" --preset release switchboard client-sim
  build=$root/build/release
fi

page=()
[[ $write == no ]] || page=(--page "$root/docs/RELIABILITY.md")
exec python3 "$root/bench/interleaved.py" logins --build "$build" --rounds "$rounds" --duration "$duration" \
  --server-core "$server_core" --load-core "$load_core" --command "$command_line" "${page[@]}"
