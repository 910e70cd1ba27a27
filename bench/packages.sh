# shellcheck shell=bash
# For the scripts of this folder, which source it.

# Installs Debian packages that are missing, without letting Debian start services of them: the servers here are the
# scripts' own.
install_packages() {  # PACKAGE…
  local package missing=() as_root=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  echo "${0##*/}: installing Debian packages: ${missing[*]}"
  ((EUID == 0)) || as_root=(sudo)
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
  else
    policy=''
  fi
  local status=0
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
    --no-install-recommends "${missing[@]}" </dev/null || status=$?
  [[ -z $policy ]] || "${as_root[@]}" rm -f "$policy"
  return "$status"
}
