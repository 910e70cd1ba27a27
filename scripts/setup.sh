#!/usr/bin/env bash
# Installs the Debian packages that Switchboard is built and tested with, as far as they are missing.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/setup.sh [--ci|--browser]

Installs the missing Debian packages (as root, or through sudo). Does nothing, quickly, when none is missing.

  --ci       also what only .ci/run needs: clang and its tools, shellcheck, systemd-analyze, valgrind
  --browser  only the browser of one test, a large package: without it the test is not built
USAGE
}

packages=(
  # tools
  g++ cmake make ninja-build ccache pkgconf python3 util-linux procps psmisc
  # what the programs are made of
  libboost-dev libfmt-dev libspdlog-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev
  libdeflate-dev libsqlite3-dev libsodium-dev libssl-dev libbsd-dev libsystemd-dev libseccomp-dev media-types
  # tests and benchmarks
  libgtest-dev libgmock-dev libbenchmark-dev python3-jsonschema curl wrk
)
ci_packages=(clang libclang-rt-dev clang-format clang-tidy clang-tools shellcheck systemd valgrind)

case ${1-} in
  '') ;;
  --browser) packages=(chromium) ;;
  --ci) packages+=("${ci_packages[@]}") ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is no Debian; please install what corresponds to: ${packages[*]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed"))
if ((${#missing[@]} == 0)); then
  echo "setup: all ${#packages[@]} packages are there"
  exit 0
fi
echo "setup: installing ${missing[*]}"

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "setup: this needs root or sudo" >&2 && exit 1; }
  as_root=(sudo)
fi
apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}
install_missing() { apt_get install -y --no-install-recommends "${missing[@]}" </dev/null; }

# The package lists of a fresh machine are empty or old: then the first try fails at once, and the lists are fetched.
install_missing >/dev/null 2>&1 && echo "setup: done" && exit 0
for delay in 2 5 10 0; do
  echo "setup: fetching the package lists"
  if apt_get update && install_missing; then
    echo "setup: done"
    exit 0
  fi
  sleep "$delay"
done
echo "setup: could not install: ${missing[*]}" >&2
exit 1
