#!/usr/bin/env bash
# Checks deploy/local-cluster with a real gristmill: usage: local_cluster_test.sh GRISTMILL
# Every case is a function named for the sentence it proves; each gets a fresh directory.
set -uo pipefail

binary=${1:?usage: local_cluster_test.sh GRISTMILL}
script=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/deploy/local-cluster
scratch=$(mktemp -d)
passed=0 failed=0

cluster() { "$script" "$1" --dir "$directory" "${@:2}" 2>>"$directory.messages"; }
start() { cluster start --binary "$binary" --slots 1 "$@"; }
pid_of() { cut -d ' ' -f 1 "$directory/$1.pid"; }
alive() { grep -qsE '^State:[[:space:]]+[^ZX]' "/proc/$1/status"; }
expect() {
  "${@:2}" || {
    printf '    not so: %s (%s)\n' "$1" "${*:2}"
    return 1
  }
}
is() { [[ $1 == "$2" ]]; }
not() { ! "$@"; }

cleanup() {
  for directory in "$scratch"/*/; do "$script" stop --dir "${directory%/}" 2>/dev/null; done
  [[ -z ${stranger:-} ]] || kill "$stranger" 2>/dev/null
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

start_prints_the_line_to_export_and_nothing_else() {
  local line
  line=$(start --workers 2) || return 1
  expect "one line with the port" grep -qxE 'export GRISTMILL_COORDINATOR=127\.0\.0\.1:[0-9]+' <<<"$line" &&
    expect "the cluster answers there" env "${line#export }" "$binary" workers &&
    expect "two workers are ready" is 2 "$(env "${line#export }" "$binary" workers --json | grep -oE '"state" *: *"WORKER_STATE_READY"' | wc -l)"
}

starting_twice_changes_nothing() {
  local first second before
  first=$(start --workers 2) || return 1
  before=$(cat "$directory"/*.pid)
  second=$(start --workers 2) || return 1
  expect "the same line" is "$first" "$second" && expect "the same processes" is "$before" "$(cat "$directory"/*.pid)"
}

start_with_more_workers_adds_them() {
  start --workers 1 >/dev/null || return 1
  local before
  before=$(pid_of worker-1)
  start --workers 3 >/dev/null || return 1
  expect "the first worker stays" is "$before" "$(pid_of worker-1)" &&
    expect "four processes run" is 4 "$(cluster status | wc -l)"
}

a_worker_that_died_is_started_again() {
  start --workers 2 >/dev/null || return 1
  local dead
  dead=$(pid_of worker-2)
  kill -KILL "$dead"
  while alive "$dead"; do read -rt 0.02 <> <(:); done
  cluster status >/dev/null
  expect "status tells with 3" is $? 3 || return 1
  start --workers 2 >/dev/null || return 1
  expect "it has a new pid" not is "$dead" "$(pid_of worker-2)" && expect "status is content" cluster status >/dev/null
}

stop_ends_every_process_and_may_be_repeated() {
  start --workers 2 >/dev/null || return 1
  local pids pid
  pids="$(pid_of coordinator) $(pid_of worker-1) $(pid_of worker-2)"
  expect "stop succeeds" cluster stop || return 1
  for pid in $pids; do expect "$pid has ended" not alive "$pid" || return 1; done
  expect "a second stop succeeds" cluster stop || return 1
  cluster status >/dev/null
  expect "status says 3" is $? 3
}

a_restart_keeps_the_journal_and_the_port() {
  local first
  first=$(start --workers 1) || return 1
  cluster stop || return 1
  expect "the journal is kept" test -s "$directory/journal.db" &&
    expect "the same port" is "$first" "$(start --workers 1)"
}

a_process_it_did_not_start_is_left_alone() {
  sleep 300 &
  stranger=$!
  mkdir -p "$directory"
  # A pid that the system gave to somebody else: the pid is right, the start time is not.
  printf '%s 1 %s\n' "$stranger" "$(</proc/sys/kernel/random/boot_id)" >"$directory/coordinator.pid"
  echo "$stranger" >"$directory/worker-1.pid"
  echo "not a pid" >"$directory/worker-2.pid"
  cluster status >/dev/null
  expect "status does not take it for ours" is $? 3 || return 1
  expect "stop succeeds" cluster stop && expect "the stranger lives" alive "$stranger"
}

a_failed_start_says_why_and_leaves_nothing() {
  mkdir -p "$directory"
  echo "this is no journal" >"$directory/journal.db"
  not start --workers 1 >/dev/null || return 1
  expect "the log's end is shown" grep -q 'coordinator.log ends:' "$directory.messages" || return 1
  cluster status >/dev/null
  expect "nothing runs" is $? 3
}

an_interrupted_start_leaves_nothing() {
  # This stand-in never says that it listens, so that start waits until it is interrupted.
  printf '#!/bin/sh\nexec sleep 300\n' >"$scratch/silent" && chmod +x "$scratch/silent"
  mkdir -p "$directory"
  "$script" start --dir "$directory" --binary "$scratch/silent" >/dev/null 2>&1 &
  local starter=$! pid
  until [[ -s $directory/coordinator.pid ]]; do
    alive "$starter" || return 1
    read -rt 0.02 <> <(:)
  done
  pid=$(pid_of coordinator)
  kill -TERM "$starter"
  wait "$starter"
  expect "what it started has ended" not alive "$pid"
}

wrong_arguments_are_refused_with_2() {
  local arguments
  mkdir -p "$directory"
  for arguments in "start --workers none" "start --workers 0" "start --port 1" "start --slots" "launch" \
    "start --binary $scratch/nothing"; do
    # shellcheck disable=SC2086
    "$script" $arguments --dir "$directory" >/dev/null 2>&1
    expect "$arguments: exit code 2" is $? 2 || return 1
  done
}

for case in start_prints_the_line_to_export_and_nothing_else starting_twice_changes_nothing \
  start_with_more_workers_adds_them a_worker_that_died_is_started_again \
  stop_ends_every_process_and_may_be_repeated a_restart_keeps_the_journal_and_the_port \
  a_process_it_did_not_start_is_left_alone a_failed_start_says_why_and_leaves_nothing \
  an_interrupted_start_leaves_nothing wrong_arguments_are_refused_with_2; do
  directory=$scratch/$case
  if "$case"; then
    printf 'ok      %s\n' "$case"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n' "$case"
    cat "$directory.messages" 2>/dev/null
    failed=$((failed + 1))
  fi
  cluster stop
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
