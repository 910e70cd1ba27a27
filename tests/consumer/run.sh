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

echo "== the libraries are for any compiler, and the programs' symbols lie where gdb looks"
libraries=("$scratch"/prefix/lib*/libswitchboard_*.a)
[[ -z $(readelf --section-headers --wide "${libraries[@]}" | grep --fixed-strings .gnu.lto_ | head --lines=1) ]] ||
  { echo "an installed library can only be linked by the gcc that made it" >&2 && exit 1; }
for program in "$scratch"/prefix/bin/*; do
  link=$(readelf --string-dump=.gnu_debuglink "$program" | sed -nE 's/^ *\[ *0\] +//p')
  [[ -n $link || $(readelf --section-headers --wide "$program") != *" .debug_line "* ]] ||
    { echo "$program carries its symbols itself" >&2 && exit 1; }
  [[ -z $link || -s $(dirname "$program")/.debug/$link ]] || { echo "$program lacks .debug/$link" >&2 && exit 1; }
done

echo "== find_package(switchboard) and build"
cmake -S "$here" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$scratch/prefix"
cmake --build "$scratch/build" --parallel "$(nproc)"

echo "== its tests of its handlers"
ctest --test-dir "$scratch/build" --output-on-failure

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
