#!/usr/bin/env bash
# Measures what a request costs the server, beside a bare epoll echo of the same packets and beside other servers.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/compare.sh [OPTION…]

Pins each server to one core and the load to another, drives them in turn, round after round, with 64-byte packets
(56-byte bodies, CRC checked) in a closed loop, and prints a table of medians: CPU time of the server for each request,
throughput, p50, p99, and ratios to the bare echo and to Switchboard's pool. Servers of HTTP serve a file of 1 KiB
instead. Beside that it lets client-sim drive the bare echo, and prints what a request costs each of the two. Then it
writes the tables into docs/PERFORMANCE.md and the picture docs/performance.svg. Leaves nothing running. With all peers
and the defaults it takes about 10 minutes.

  --rounds N        rounds (default 5)
  --duration S      seconds that count of each measurement (default 2); as many before it as --warmup
  --warmup S        seconds that don't count (default 0.5)
  --cases LIST      CONNECTIONSxDEPTH,… (default 64x1,64x16,1000x1)
  --peers LIST      all (default), none, or some of: redis-ping,redis-get,memcached,nginx,libuv,libevent,grpc,
                    zeromq
  --quick           1 round of 0.3 s with --peers none and --no-write: does it work at all?
  --no-write        print only
  --server-core N   core of the servers (default 0)
  --load-core N     core of the load (default 1)
  --build DIR       take programs that are built already from DIR/bench and DIR/bin; without it the release preset
                    is built, after Debian packages of the peers that are missing have been installed
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_line=bench/compare.sh  # with what matters to the figures
all_peers=redis-ping,redis-get,memcached,nginx,libuv,libevent,grpc,zeromq
rounds=5 duration=2 warmup=0.5 cases=64x1,64x16,1000x1 peers=all server_core=0 load_core=1 build='' write=yes
while (($# > 0)); do
  case $1 in
    --quick) rounds=1 duration=0.3 warmup=0.1 peers=none write=no command_line+=" $1" ;;
    --no-write) write=no ;;
    -h | --help) usage && exit 0 ;;
    --rounds | --duration | --warmup | --cases | --peers | --server-core | --load-core | --build)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?"$1 needs a value"}"
      [[ $name == build ]] || command_line+=" $1 $2"
      shift
      ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
[[ $peers == all ]] && peers=$all_peers
[[ $peers == none ]] && peers=''
IFS=, read -ra peer_list <<<"$peers"
IFS=, read -ra case_list <<<"$cases"
for peer in "${peer_list[@]}"; do
  [[ ,$all_peers, == *,$peer,* ]] || { echo "compare: no peer '$peer'; there are $all_peers" >&2 && exit 2; }
done
for case in "${case_list[@]}"; do
  [[ $case =~ ^[1-9][0-9]*x[1-9][0-9]*$ ]] || { echo "compare: '$case' is no case such as 64x16" >&2 && exit 2; }
done

# shellcheck source=bench/packages.sh
source "$root/bench/packages.sh"

packages_of() {
  case $1 in
    redis-*) echo redis-server ;;
    memcached) echo memcached ;;
    nginx) echo nginx-light ;;
    grpc) printf '%s\n' libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc ;;
    libuv) echo libuv1-dev ;;
    libevent) echo libevent-dev ;;
    zeromq) echo libzmq3-dev ;;
  esac
}

if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  mapfile -t packages < <(for peer in "${peer_list[@]}"; do packages_of "$peer"; done | sort -u)
  [[ $write == no ]] || packages+=(gnuplot-nox)
  install_packages "${packages[@]}"
  "$root/scripts/build.sh" --preset release bench-programs
  build=$root/build/release
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-bench.XXXXXX")
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

# Of each server: what it's called in the table, its processes, its port, how peer-load speaks to it, and the bytes of
# a body.
declare -A pids=() ports=() protocols=() codes=() bodies=()
row_names=()
add_row() {  # NAME PIDS PORT PROTOCOL [CODE [BODY]]
  row_names+=("$1")
  pids[$1]=$2 ports[$1]=$3 protocols[$1]=$4 codes[$1]=${5:-7} bodies[$1]=${6:-56}
}

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
  [[ -n $line ]] || { echo "compare: a server does not start; $1:" >&2 && cat "$1" >&2 && return 1; }
  sed --regexp-extended "s/.*$2.*/\1/" <<<"$line"
}

start_echo() {  # NAME PROGRAM PROTOCOL
  local log=$folder/$2.log
  [[ -x $build/bench/$2 ]] || { echo "compare: $2 is not built: a package is missing" >&2 && return 1; }
  launch "$log" "$build/bench/$2" --port 0
  port=$(await_line "$log" '^([0-9]+)$')
  add_row "$1" "$pid" "$port" "$3"
}

with_children() {  # PID
  echo "$1,$(pgrep --parent "$1" | paste --serial --delimiters=,)"
}

start_switchboard() {  # NAME KEY=VALUE…
  local log=$folder/switchboard-$1.log settings=(-c /dev/null) setting
  for setting in server.workers=1 server.working_directory="$folder" server.pid_file="$folder/$1.pid" \
    listener.0.port=0 listener.0.address=127.0.0.1 business.threads=2 log.file=stderr "${@:2}"; do
    settings+=(--set "$setting")
  done
  "$build/bench/bench-server" -t "${settings[@]}" >"$log" 2>&1 || return 1
  launch "$log" "$build/bench/bench-server" --foreground "${settings[@]}"
  port=$(await_line "$log" 'listening on [^ ]*:([0-9]+)')
  pid=$(with_children "$pid")
}

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_redis() {
  [[ -z ${redis_port-} ]] || return 0
  redis_port=$(free_port)
  launch "$folder/redis.log" redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder"
  redis_pid=$pid
  await_line "$folder/redis.log" '(Ready to accept connections)' >/dev/null
}

start_memcached() {
  launch "$folder/memcached.log" env MEMCACHED_PORT_FILENAME="$folder/memcached.port" \
    memcached --listen=127.0.0.1 --port=-1 --threads=1 --conn-limit=20000 --user="$(id -un)"
  port=$(await_line "$folder/memcached.port" 'TCP INET: ([0-9]+)')
  add_row "memcached, GET" "$pid" "$port" memcached-get
}

# What the servers of HTTP serve: www/bench, 1 KiB.
make_www() {
  [[ -d $folder/www ]] || { mkdir "$folder/www" && head --bytes=1024 /dev/zero | tr '\0' x >"$folder/www/bench"; }
}

# Without sendfile a small file leaves in one write with its header: the least that it costs nginx.
start_nginx() {
  local log=$folder/nginx.log user=''
  make_www
  ((EUID != 0)) || user='user root;'
  port=$(free_port)
  cat >"$folder/nginx.conf" <<CONFIGURATION
$user
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 20000; }
http {
  access_log off;
  open_file_cache max=16;
  keepalive_requests 1000000000;
  client_body_temp_path tmp1; proxy_temp_path tmp2; fastcgi_temp_path tmp3; uwsgi_temp_path tmp4; scgi_temp_path tmp5;
  server { listen 127.0.0.1:$port backlog=4096; root www; }
}
CONFIGURATION
  PATH=$PATH:/usr/sbin launch "$log" nginx -p "$folder" -c nginx.conf
  await_line "$log" '(start worker process )' >/dev/null
  add_row "nginx, file of 1 KiB" "$(with_children "$pid")" "$port" http-get 0 1024
}

start_peer() {
  case $1 in
    redis-ping)
      start_redis
      add_row "Redis, PING of 56 bytes" "$redis_pid" "$redis_port" redis-ping
      ;;
    redis-get)
      start_redis
      add_row "Redis, GET" "$redis_pid" "$redis_port" redis-get
      ;;
    memcached) start_memcached ;;
    nginx) start_nginx ;;
    grpc) start_echo "gRPC, unary echo" peer-grpc grpc ;;
    libuv) start_echo "libuv, echo" peer-libuv packet ;;
    libevent) start_echo "libevent, echo" peer-libevent packet ;;
    zeromq) start_echo "ZeroMQ, ROUTER" peer-zeromq zeromq ;;
  esac
}

ulimit -n "$(ulimit -Hn)"
start_echo "bare epoll echo" bare-echo packet
echo_pid=$pid echo_port=$port
start_switchboard direct reply.path=direct
add_row "Switchboard, inline" "$pid" "$port" packet 8
add_row "Switchboard, pool" "$pid" "$port" packet 7
start_switchboard send_thread reply.path=send_thread
add_row "Switchboard, pool + send thread" "$pid" "$port" packet 7
make_www
if [[ ,$peers, == *,nginx,* ]] && start_switchboard http listener.0.protocol=http listener.0.root="$folder/www"; then
  add_row "Switchboard, file of 1 KiB" "$pid" "$port" http-get 0 1024
fi
for peer in "${peer_list[@]}"; do start_peer "$peer"; done

results=$folder/results.tsv
printf 'round\tcase\tserver\tresult\n' >"$results"
for ((round = 1; round <= rounds; round++)); do
  for case in "${case_list[@]}"; do
    echo "compare: round $round of $rounds, $case" >&2
    for row in "${row_names[@]}"; do
      result=$(taskset --cpu-list "$load_core" "$build/bench/peer-load" --port "${ports[$row]}" \
        --protocol "${protocols[$row]}" --code "${codes[$row]}" --connections "${case%x*}" --depth "${case#*x}" \
        --body "${bodies[$row]}" --warmup "$warmup" --duration "$duration" --pids "${pids[$row]}") ||
        { echo "compare: '$row' failed at $case" >&2 && exit 1; }
      printf '%s\t%s\t%s\t%s\n' "$round" "$case" "$row" "$result" >>"$results"
    done
    result=$(taskset --cpu-list "$load_core" "$root/bench/client-cost.py" --program "$build/bin/client-sim" \
      --port "$echo_port" --pid "$echo_pid" --connections "${case%x*}" --depth "${case#*x}" --body 56 \
      --warmup "$warmup" --duration "$duration") || { echo "compare: client-sim failed at $case" >&2 && exit 1; }
    printf '%s\t%s\t%s\t%s\n' "$round" "$case" client-sim "$result" >>"$results"
  done
done

report=(python3 "$root/bench/report.py" "$results" --command "$command_line")
[[ $write == no ]] || report+=(--page "$root/docs/PERFORMANCE.md" --picture "$root/docs/performance.svg")
"${report[@]}"
