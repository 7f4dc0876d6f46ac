#!/usr/bin/env bash
# Installs what Gristmill is built and tested with, from the distribution's packages.
# Debian 12 or newer, Ubuntu 24.04 or newer; as root or through sudo. A second run only looks.
#
# usage: deploy/install-deps.sh [--ci] [--list]
#   --ci    also clang 14, clang-format 14, its runtime, shellcheck and valgrind, which .ci/run needs
#   --list  print the packages, one a line, and install nothing
set -euo pipefail

tools=(g++ cmake ninja-build make pkg-config ccache mold git ca-certificates
       protobuf-compiler protobuf-compiler-grpc python3 python3-venv zstd iproute2 nftables)
libraries=(libgrpc++-dev libprotobuf-dev libabsl-dev libre2-dev libssl-dev libc-ares-dev
           libfmt-dev libspdlog-dev libcli11-dev libsqlite3-dev libxxhash-dev
           liblz4-dev libzstd-dev zlib1g-dev libjpeg-dev libpng-dev libgtest-dev libgmock-dev libbenchmark-dev)
ci_tools=(clang-14 clang-format-14 libclang-rt-14-dev shellcheck valgrind)
cmake_oldest=3.25
grpc_oldest=1.51

die() {
  printf 'install-deps: %s\n' "$1" >&2
  exit 1
}

packages=("${tools[@]}" "${libraries[@]}")
list_only=false
for argument in "$@"; do
  case $argument in
    --ci) packages+=("${ci_tools[@]}") ;;
    --list) list_only=true ;;
    *) die "'$argument' is not an option; usage: deploy/install-deps.sh [--ci] [--list]" ;;
  esac
done
if $list_only; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  die "this system has no apt, so install with its own package manager: a C++20 compiler, CMake >= $cmake_oldest, \
Ninja, pkg-config, protoc, Python 3, and the development files of gRPC >= $grpc_oldest with its protoc plugin, \
protobuf, abseil, RE2, OpenSSL, c-ares, fmt, spdlog, CLI11, SQLite, xxHash, lz4, zstd, zlib, libjpeg, libpng, GoogleTest and \
Google Benchmark (the Debian names: deploy/install-deps.sh --list)"
fi

# Prints those of its arguments that are not installed.
missing_of() {
  local installed package
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "$package installed" <<<"$installed" || printf '%s\n' "$package"
  done
}

mapfile -t missing < <(missing_of "${packages[@]}")
if ((${#missing[@]} == 0)); then
  echo "install-deps: all ${#packages[@]} packages are installed" >&2
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    die "this needs root and there is no sudo; run as root: apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi

candidate() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" {print $2}'
}

# Refuses before anything is installed if the distribution lacks a package or is too old.
check_candidates() {
  local package version unknown=()
  for package in "${missing[@]}"; do
    [[ -n $(candidate "$package") ]] || unknown+=("$package")
  done
  if ((${#unknown[@]} > 0)); then
    die "this distribution has no package ${unknown[*]}; Debian 12 and Ubuntu 24.04 (with universe) have all of them"
  fi
  version=$(candidate cmake)
  dpkg --compare-versions "${version#*:}" ge "$cmake_oldest" ||
    die "this distribution has CMake $version, and Gristmill needs $cmake_oldest; use Debian 12 or Ubuntu 24.04 or newer"
  version=$(candidate libgrpc++-dev)
  dpkg --compare-versions "${version#*:}" ge "$grpc_oldest" ||
    die "this distribution has gRPC $version, and Gristmill needs $grpc_oldest; use Debian 12 or Ubuntu 24.04 or newer"
}

echo "install-deps: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >&2 || die "'apt-get update' failed; look at the lines above and run this again"
check_candidates
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >&2 ||
  die "'apt-get install' failed; look at the lines above and run this again"
