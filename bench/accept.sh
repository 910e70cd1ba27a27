#!/usr/bin/env bash
# Measures the three ways in which workers share the work of accepting.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/accept.sh [OPTION…]

Starts a server with 4 workers for each listener.accept (reuseport, mutex, dispatch), all of them on one core, drives
them in turn from another core, round after round, and prints a table of medians: connections per second of clients that
connect, ask one Ping and go; how often the server woke for each of them; and the smallest and the largest share that a
worker gets of 10, 100 and 1,000 clients that stay. Then it writes the table into docs/ACCEPT.md. Takes about a minute.
Leaves nothing running.

  --rounds N        rounds (default 5)
  --duration S      seconds of each measurement of connections per second (default 2)
  --clients N       clients at a time that connect, ask and go (default 64)
  --staying LIST    numbers of clients that stay (default 10,100,1000)
  --quick           1 round of 0.2 s, and --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the servers (default 0)
  --load-core N     core of the load (default 1)
  --build DIR       take programs that are built already from DIR/bench; without it the release preset is built
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/accept.sh  # with what matters to the figures
workers=4
rounds=5 duration=2 clients=64 staying=10,100,1000 server_core=0 load_core=1 build='' write=yes
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 duration=0.2 write=no command_line+=" $1" ;;
    --no-write) write=no ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --duration | --clients | --staying | --server-core | --load-core | --build)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?"$1 needs a value"}"
      [[ $name == build ]] || command_line+=" $1 $2"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
IFS=, read -ra staying_list <<<"$staying"
if [[ -z $build ]]; then
  "$root/scripts/build.sh" --preset release bench-server idle-clients short-clients
  build=$root/build/release
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-accept.XXXXXX")
children=()
# shellcheck disable=SC2317  # a trap calls it
clean_up() {
  local child
  for child in "${children[@]}"; do kill -TERM "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do
    timeout 15 tail --pid="$child" --follow=descriptor /dev/null || kill -KILL "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

await_line() {  # FILE PATTERN
  # tail ends when grep has its line, so the pipe's status tells nothing.
  timeout 30 tail --lines=+1 --follow=name --retry "$1" 2>/dev/null | grep --max-count=1 --extended-regexp "$2" || true
}

ways=(reuseport mutex dispatch)
declare -A ports=() masters=() worker_pids=() idle_sockets=()

start() {  # WAY
  local log=$folder/$1.log line
  taskset --cpu-list "$server_core" "$build/bench/bench-server" -c /dev/null --foreground \
    --set server.workers=$workers --set server.working_directory="$folder" --set server.pid_file="$folder/$1.pid" \
    --set listener.0.address=127.0.0.1 --set listener.0.port=0 --set listener.0.accept="$1" \
    --set listener.0.backlog=4096 --set business.threads=1 --set log.file=stderr 2>"$log" &
  masters[$1]=$!
  children+=("$!")
  line=$(await_line "$log" 'listening on')
  [[ -n $line ]] || { echo "accept: a server does not start; its log:" >&2 && cat "$log" >&2 && return 1; }
  ports[$1]=${line##*:}
  worker_pids[$1]=$(pgrep --parent "${masters[$1]}" | paste --serial --delimiters=' ')
}

# A counter of a server, by its name in --status; 0 when it isn't there.
counter() {  # WAY NAME
  "$build/bench/bench-server" -c /dev/null --set server.working_directory="$folder" \
    --set server.pid_file="$folder/$1.pid" --status | awk -F= -v name="$2" '$1 == name { n = $2 } END { print n + 0 }'
}

# How often the threads of a server, master included, have gone to sleep, each of which ends with a wake-up.
sleeps() {  # WAY
  local pid
  for pid in ${masters[$1]} ${worker_pids[$1]}; do cat "/proc/$pid/task/"*/status; done |
    awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum + 0 }'
}

# The sockets of each worker.
sockets() {  # WAY
  local pid
  for pid in ${worker_pids[$1]}; do find "/proc/$pid/fd" -lname 'socket:*' | wc --lines; done |
    paste --serial --delimiters=' '
}

await_idle() {  # WAY
  local deadline=$((SECONDS + 30))
  until [[ $(counter "$1" connections_active) == 0 ]]; do
    ((SECONDS < deadline)) || { echo "accept: clients of $1 don't go" >&2 && return 1; }
  done
}

record() { printf '%s\t%s\t%s\t%s\n' "$round" "$@" >>"$results"; }

measure_rate() {  # WAY
  local accepted wakeups slept line
  accepted=$(counter "$1" connections_accepted) wakeups=$(counter "$1" accept_wakeups) slept=$(sleeps "$1")
  line=$(taskset --cpu-list "$load_core" "$build/bench/short-clients" "${ports[$1]}" "$clients" "$duration")
  await_idle "$1"
  accepted=$(($(counter "$1" connections_accepted) - accepted))
  wakeups=$(($(counter "$1" accept_wakeups) - wakeups)) slept=$(($(sleeps "$1") - slept))
  record "$1" rate "$line accepted=$accepted accept_wakeups=$wakeups sleeps=$slept"
}

measure_spread() {  # WAY COUNT
  local stay stream line='' now
  exec {stream}< <(exec taskset --cpu-list "$load_core" "$build/bench/idle-clients" "${ports[$1]}" "$2" 2>&1)
  stay=$!
  children+=("$stay")
  read -rt 30 line <&"$stream" || true
  [[ $line == open ]] || { echo "accept: ${line:-the clients take too long}" >&2 && return 1; }
  now=$(sockets "$1")
  kill "$stay"
  wait "$stay" 2>/dev/null || true
  exec {stream}<&-
  unset 'children[-1]'
  await_idle "$1"
  record "$1" "spread-$2" "$(paste --delimiters=' ' <(tr ' ' '\n' <<<"$now") <(tr ' ' '\n' <<<"${idle_sockets[$1]}") |
    awk '{ printf "%sworker%d=%d", (NR > 1 ? " " : ""), NR, $1 - $2 }')"
}

ulimit -n "$(ulimit -Hn)"
for way in "${ways[@]}"; do
  start "$way"
  idle_sockets[$way]=$(sockets "$way")
done

results=$folder/results.tsv
printf 'round\tway\tmeasure\tresult\n' >"$results"
for ((round = 1; round <= rounds; round++)); do
  echo "accept: round $round of $rounds" >&2
  for way in "${ways[@]}"; do measure_rate "$way"; done
  for count in "${staying_list[@]}"; do
    for way in "${ways[@]}"; do measure_spread "$way" "$count"; done
  done
done

report=(python3 "$root/bench/accept_report.py" "$results" --command "$command_line")
[[ $write == no ]] || report+=(--page "$root/docs/ACCEPT.md")
"${report[@]}"
