#!/usr/bin/env bash
# Shows the real thing: a daemon with two workers, and a stress client that checks every answer.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/demo.sh [--preset NAME]

Installs what is missing, builds, starts the server as a daemon on a free port of 127.0.0.1 with all its files in a
temporary folder, runs the stress client for 5 seconds, shows the process tree and the client's table, and stops the
daemon. Leaves nothing running. The exit code is the client's.

  --preset NAME   release (default), debug, asan, tsan or clang
USAGE
}

preset=release
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --preset=*) preset=${1#*=} ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$root/build/$preset/bin
"$root/scripts/build.sh" --preset "$preset" switchboard client-sim

folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-demo.XXXXXX")
log=$folder/switchboard.log
pid_file=$folder/switchboard.pid
server=(
  "$bin/switchboard" -c "$root/conf/switchboard.toml"
  --set server.daemon=true
  --set server.workers=2
  --set server.working_directory="$folder"
  --set server.pid_file="$pid_file"
  --set listener.0.address=127.0.0.1
  --set listener.0.port=0
  --set log.file="$log"
)
processes=()

# The ids of the arguments that still run.
running() {
  local pid
  for pid in "$@"; do
    if kill -0 "$pid" 2>/dev/null; then echo "$pid"; fi
  done
}

# Whatever happened: nothing keeps running, and the folder goes.
# shellcheck disable=SC2317  # a trap calls it
clean_up() {
  local left
  if [[ -s $pid_file ]]; then processes+=("$(<"$pid_file")"); fi
  if ((${#processes[@]} > 0)); then
    mapfile -t -O "${#processes[@]}" processes < <(pgrep --parent "$(IFS=, && echo "${processes[*]}")")
  fi
  mapfile -t left < <(running "${processes[@]}")
  if ((${#left[@]} > 0)); then kill -KILL "${left[@]}" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

title() { printf '\n== %s\n' "$*"; }

title "start the daemon"
echo "${server[*]/#"$root/"/}"
"${server[@]}"
# The port was the system's choice; the log names it. tail ends when grep has its line.
line=$(timeout 10 tail --lines=+1 --follow=name --retry "$log" 2>/dev/null | grep --max-count=1 "listening on") || true
port=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' <<<"$line")
if [[ -z $port ]]; then
  echo "demo: the daemon does not listen; its log:" >&2
  cat "$log" >&2 || true
  exit 1
fi
master=$(<"$pid_file")
mapfile -t processes < <(echo "$master" && pgrep --parent "$master")

title "the processes and their threads (master $master, port $port)"
ps --forest -o pid,ppid,nlwp,args -p "$(IFS=, && echo "${processes[*]}")"
echo
pstree --show-pids --thread-names --compact-not "$master"

title "the stress client"
status=0
"$bin/client-sim" --connect "127.0.0.1:$port" --connections 50 --depth 4 --duration 5 --body 64 \
  --mix ping=400,echo=800,register=1,login=1 || status=$?

title "stop the daemon"
"${server[@]}" -s stop
timeout 20 tail --pid="$master" --follow=descriptor /dev/null || true
mapfile -t left < <(running "${processes[@]}")
if ((${#left[@]} > 0)); then
  echo "demo: still running after -s stop: ${left[*]}" >&2
  exit 1
fi
echo "nothing runs any more; the log's last lines:"
tail --lines=5 "$log"
exit "$status"
