#!/usr/bin/env bash
# Installs what is needed, builds everything with warnings as errors and runs every test.
#
# usage: ./test.sh [CTEST-ARGUMENT…]      for example ./test.sh -L unit, ./test.sh -R local_cluster
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

step() { printf '\n==> [%3d s] %s\n' "$SECONDS" "$1"; }

# Processes that run a program of this build, one a line: pid and program.
left_running() {
  local exe program
  for exe in /proc/[0-9]*/exe; do
    program=$(readlink "$exe" 2>/dev/null) || continue
    if [[ $program == "$PWD"/build/dev/* ]]; then printf '%s %s\n' "$(basename "${exe%/exe}")" "$program"; fi
  done | sort
}

step "install what the build and the tests need"
deploy/install-deps.sh

step "configure and build (build/dev)"
cmake --preset dev
cmake --build --preset dev

step "run the tests, two at a time"
before=$(left_running)
ctest --preset dev -j2 --no-tests=error "$@"

new_since() { comm -13 <(printf '%s\n' "$1") <(left_running); }
for ((tries = 50; tries > 0; tries--)); do  # a process that was told to stop may need a moment
  left=$(new_since "$before")
  [[ -n $left ]] || break
  sleep 0.1
done
if [[ -n $left ]]; then
  printf 'test.sh: the tests left these processes running; a test must stop what it starts:\n%s\n' "$left" >&2
  exit 1
fi
step "all tests passed and left nothing running"
