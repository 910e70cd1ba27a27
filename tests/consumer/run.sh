#!/usr/bin/env bash
# Installs a finished build into a scratch prefix, builds tests/consumer against it, and talks to what came out.
set -euo pipefail

build=${1:?usage: tests/consumer/run.sh BUILD-FOLDER}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$build" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-consumer.XXXXXX")
server=
# shellcheck disable=SC2317  # a trap calls it
clean_up() {
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$scratch"
}
trap clean_up EXIT

echo "== install"
cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log"
find "$scratch/prefix" -path '*/cmake/switchboard/*' -o -name switchboard.h -o -path '*/bin/*' | sort

echo "== find_package(switchboard) and build"
cmake -S "$here" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$scratch/prefix"
cmake --build "$scratch/build" --parallel "$(nproc)"

echo "== talk to it"
log=$scratch/chat.log
cat >"$scratch/chat.toml" <<TOML
[server]
workers = 1
working_directory = "$scratch"

[[listener]]
address = "127.0.0.1"
port = 0

[log]
file = "$log"
TOML
"$scratch/build/chat" -c "$scratch/chat.toml" --foreground &
server=$!
line=$(timeout 10 tail --lines=+1 --follow=name --retry "$log" 2>/dev/null | grep --max-count=1 "listening on") || true
port=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' <<<"$line")
[[ -n $port ]] || { cat "$log" >&2; exit 1; }
python3 "$here/talk.py" "$port"

kill -TERM "$server"
wait "$server"
server=
echo "the server stopped cleanly"
