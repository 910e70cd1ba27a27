#!/usr/bin/env bash
# Counts what a packet costs the server: instructions of its own, which no neighbour on the machine can change.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bench/instructions.sh [OPTION…]

Runs build/release/bin/switchboard with one worker under valgrind's callgrind, drives it, and prints the user-space
instructions of a packet, in all and of the functions that take most of them themselves. The loads are

  inline-ping-64x16  Pings without a body, answered on sb-io; 64 connections, 16 in a batch of each
  pool-echo-64x16    Echoes of 56 bytes, answered on the two business threads
  pool-echo-64x1     the same, one in a batch
  http-file-64x16    GETs of a file of 1 KiB

A batch is written to all connections while the worker is stopped; it goes on when all is there, and the next batch
follows when all is answered. So the worker always finds the same, and the figures of two runs differ by some 0.1 %. A
short run is subtracted from a long one, so start and stop don't count. Leaves nothing running; takes half a minute.

  --check         end with 1 when a figure is more than 3 % over the one in bench/instructions.txt
  --record        write the figures into bench/instructions.txt
  --loads LIST    some of the loads, separated by commas (not with --record)
  --top N         functions to show of each load (default 12)
  --build DIR     take bin/switchboard from DIR; without it the release preset is built, and valgrind is installed
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
record=$root/bench/instructions.txt
build='' options=() has_loads='' has_record=''
while (($# > 0)); do
  case $1 in
    --check) options+=(--check "$record") ;;
    --record) options+=(--record "$record") && has_record=yes ;;
    --loads) options+=(--loads "${2:?--loads needs a list}") has_loads=yes && shift ;;
    --top) options+=(--top "${2:?--top needs a number}") && shift ;;
    --build) build=${2:?--build needs a folder} && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
[[ -z $has_loads || -z $has_record ]] || { echo "instructions: a record has all loads" >&2 && exit 2; }

# shellcheck source=bench/packages.sh
source "$root/bench/packages.sh"

if [[ -z $build ]]; then
  install_packages valgrind
  "$root/scripts/build.sh" --preset release switchboard
  build=$root/build/release
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-instructions.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
c++ -O2 -shared -fPIC -o "$folder/openat2.so" "$root/bench/OpenAt2.cpp"
python3 "$root/bench/instructions.py" --server "$build/bin/switchboard" --shim "$folder/openat2.so" "${options[@]}"
