#!/usr/bin/env bash
# Measures what an idle connection costs the server of its own memory.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/idle-memory.sh [OPTION…]

Starts a server with one worker, opens connections that ask one Ping each and then keep silent, and prints by how much
the worker's private memory (Private_Dirty + Private_Clean + Swap of smaps_rollup; socket buffers are the kernel's)
grew for each of them. Ends with 1 when that is over the target. Leaves nothing running.

  --connections N   connections (default 18000; `ulimit -Hn` must be some more)
  --target BYTES    most that one may cost (default 400)
  --build DIR       take programs that are built already from DIR; without it the release preset is built
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
connections=18000 target=400 build=''
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --connections | --target | --build)
      printf -v "${1#--}" %s "${2:?"$1 needs a value"}"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
if [[ -z $build ]]; then
  "$root/scripts/build.sh" --preset release bench-server idle-clients
  build=$root/build/release
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-idle.XXXXXX")
server=''
# shellcheck disable=SC2317  # a trap calls it
clean_up() {
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    timeout 15 tail --pid="$server" --follow=descriptor /dev/null || kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

await_line() {  # FILE PATTERN
  # tail ends when grep has its line, so the pipe's status tells nothing.
  timeout 60 tail --lines=+1 --follow=name --retry "$1" 2>/dev/null | grep --max-count=1 --extended-regexp "$2" || true
}

# The bytes of memory that are the worker's alone.
private_bytes() {
  awk '/^(Private_Clean|Private_Dirty|Swap):/ { sum += $2 } END { print sum * 1024 }' "/proc/$worker/smaps_rollup"
}

ulimit -n "$(ulimit -Hn)"
# 64 slots at the start, which the first measurement takes: every later connection pays for its own.
"$build/bench/bench-server" -c /dev/null --foreground --set server.workers=1 \
  --set server.working_directory="$folder" --set listener.0.address=127.0.0.1 --set listener.0.port=0 \
  --set pool.connections=64 --set log.file=stderr 2>"$folder/log" &
server=$!
line=$(await_line "$folder/log" 'listening on')
[[ -n $line ]] || { echo "idle-memory: the server does not start:" >&2 && cat "$folder/log" >&2 && exit 1; }
port=${line##*:}
worker=$(pgrep --parent "$server")

# Opens idle connections, and prints what the worker's memory is while they are there.
measure() {  # COUNT
  "$build/bench/idle-clients" "$port" "$1" >"$folder/clients" 2>&1 &
  clients=$!
  line=$(await_line "$folder/clients" '.')
  if [[ $line == open ]]; then private_bytes; else echo "idle-memory: ${line:-the clients take too long}" >&2; fi
  kill "$clients" 2>/dev/null || true
  wait "$clients" || true
  [[ $line == open ]]
}

# What the first connections of a process' life cost once (buffers, code that was never run) isn't theirs.
before=$(measure 64)
after=$(measure "$connections")

bytes=$(((after - before) / connections))
echo "idle-memory: $connections idle connections: $bytes bytes each of the server's own memory (target: $target);" \
  "the worker grew from $((before / 1024)) to $((after / 1024)) KiB"
((bytes <= target))
