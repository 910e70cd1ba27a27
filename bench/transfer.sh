#!/usr/bin/env bash
# Measures what file transfer costs the server, beside a bare sendfile of the same file.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/transfer.sh [OPTION…]

Pins the server to one core and its clients to another, and gets one file of random bytes in turn, round after round:
by a bare sendfile without packets or CRC, by client-sim get, by client-sim get with the SHA-256 of both sides, and by
client-sim run --mix get=1 over several connections. Each copy is compared byte by byte (the mix checks the CRC of each
answer instead). Prints a table of medians, and writes it into docs/TRANSFER.md. Leaves nothing running.

  --rounds N        rounds (default 5)
  --mebibytes N     size of the file (default 1024)
  --connections N   of the mix, 16 chunks in flight on each (default 4)
  --quick           1 round of 64 MiB, with --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the servers (default 0)
  --client-core N   core of the clients (default 1)
  --build DIR       take programs that are built already from DIR/bin; without it the release preset is built
  --folder DIR      where the file and its copies lie (default /dev/shm if they fit there, else the temporary folder)
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/transfer.sh  # with what matters to the figures
rounds=5 mebibytes=1024 connections=4 server_core=0 client_core=1 build='' folder='' write=yes
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 mebibytes=64 write=no command_line+=" $1" ;;
    --no-write) write=no ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --mebibytes | --connections | --server-core | --client-core | --build | --folder)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?"$1 needs a value"}"
      [[ $name == build || $name == folder ]] || command_line+=" $1 $2"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

if [[ -z $build ]]; then
  "$root/scripts/build.sh" --preset release switchboard client-sim
  build=$root/build/release
fi
build=$(cd "$build" && pwd)
if [[ -z $folder ]]; then
  free_kib=$(df --output=avail /dev/shm 2>/dev/null | tail -1 || echo 0)
  folder=${TMPDIR:-/tmp}
  ((free_kib < 3 * 1024 * mebibytes)) || folder=/dev/shm
fi
folder=$(mktemp -d "$folder/switchboard-transfer.XXXXXX")
servers=()
# shellcheck disable=SC2317  # a trap calls it
clean_up() {
  local server
  for server in "${servers[@]}"; do kill -TERM "$server" 2>/dev/null || true; done
  for server in "${servers[@]}"; do
    timeout 15 tail --pid="$server" --follow=descriptor /dev/null || kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Starts a server on the server's core; its pid is then in `pid`.
launch() {  # LOG COMMAND…
  local log=$1
  shift
  taskset --cpu-list "$server_core" "$@" >"$log" 2>&1 &
  pid=$!
  servers+=("$pid")
}

# Waits until a line of the file matches, and prints what the group of the pattern holds.
await_line() {  # FILE PATTERN
  local line
  # tail ends when grep has its line, so the pipe's status tells nothing.
  line=$(timeout 15 tail --lines=+1 --follow=name --retry "$1" 2>/dev/null | grep --max-count=1 --extended-regexp "$2") ||
    true
  [[ -n $line ]] || { echo "transfer: a server does not start:" >&2 && cat "$1" >&2 && return 1; }
  sed --regexp-extended "s/.*$2.*/\1/" <<<"$line"
}

bytes=$((mebibytes * 1024 * 1024))
mkdir "$folder/files"
head --bytes="$bytes" /dev/urandom >"$folder/files/data"

launch "$folder/switchboard.log" "$build/bin/switchboard" -c /dev/null --foreground --set server.workers=1 \
  --set server.working_directory="$folder" --set listener.0.port=0 --set listener.0.address=127.0.0.1 \
  --set transfer.root="$folder/files" --set log.file=stderr
packet_port=$(await_line "$folder/switchboard.log" 'listening on [^ ]*:([0-9]+)')
packet_pid=$(pgrep --parent "$pid")
launch "$folder/sendfile.log" python3 -u -c '
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1])
    while True:
        peer, _ = listener.accept()
        with peer, open(sys.argv[1], "rb") as file:
            peer.sendfile(file)
' "$folder/files/data"
bare_port=$(await_line "$folder/sendfile.log" '^([0-9]+)$')
bare_pid=$pid

# The CPU time of all threads of a process, in nanoseconds (mawk's %d ends at 2^31).
cpu_ns() { cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

on_client() { taskset --cpu-list "$client_core" "$@"; }

results=$folder/results.tsv
printf 'round\trow\tbytes\tseconds\tcpu_seconds\n' >"$results"
measure() {  # ROW PID COPY COMMAND…
  local row=$1 server=$2 copy=$3 cpu_before start end cpu
  shift 3
  cpu_before=$(cpu_ns "$server")
  start=$(date +%s%N)
  on_client "$@" >"$folder/client.log" 2>&1 || { echo "transfer: '$row' failed:" >&2 && cat "$folder/client.log" >&2 && exit 1; }
  end=$(date +%s%N)
  cpu=$(($(cpu_ns "$server") - cpu_before))
  if [[ $copy == copied ]]; then
    cmp "$folder/files/data" "$folder/copy" || { echo "transfer: '$row' is not the same file" >&2 && exit 1; }
    rm "$folder/copy"
  fi
  printf '%s\t%s\t%s\t%s\t%s\n' "$round" "$row" "$bytes" "$((end - start))e-9" "${cpu}e-9" >>"$results"
}

client=$build/bin/client-sim
server=127.0.0.1:$packet_port
# As many answers as make up the file once: its chunks are of 60 KiB.
chunks=$(((bytes + 61439) / 61440))
for ((round = 1; round <= rounds; round++)); do
  echo "transfer: round $round of $rounds" >&2
  measure "bare sendfile" "$bare_pid" copied bash -c "cat </dev/tcp/127.0.0.1/$bare_port >'$folder/copy'"
  measure "get" "$packet_pid" copied "$client" get data "$folder/copy" --no-verify --quiet --connect "$server"
  measure "get, verified" "$packet_pid" copied "$client" get data "$folder/copy" --quiet --connect "$server"
  measure "mix, $connections connections" "$packet_pid" checked "$client" run --mix get=1 --file data \
    --connections "$connections" --depth 16 --requests "$chunks" --quiet --connect "$server"
done

report=(python3 "$root/bench/transfer_report.py" "$results" --command "$command_line")
[[ $write == no ]] || report+=(--page "$root/docs/TRANSFER.md")
"${report[@]}"
