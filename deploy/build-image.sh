#!/usr/bin/env bash
# Builds the container image and, with --try, proves it: starts the cluster of deploy/compose.yaml
# from it, counts words on that cluster, compares with tr, sort and uniq, and takes it all down.
#
# usage: deploy/build-image.sh [--tag NAME:TAG] [--base IMAGE] [--try]
#   --tag   the image's name (default: gristmill:latest)
#   --base  the Debian 12 image to build on; by default debian:bookworm-slim, or where that can't be
#           pulled and mmdebstrap is installed, one made from Debian's packages
# Needs docker with its compose plugin, or podman with podman-compose.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n==> [%3d s] %s\n' "$SECONDS" "$1"; }
die() {
  printf 'build-image: %s\n' "$1" >&2
  exit 1
}

tag=gristmill:latest base='' try=false
while (($# > 0)); do
  case $1 in
    --try) try=true ;;
    --tag | --base)
      (($# >= 2)) || die "$1 needs a value"
      if [[ $1 == --tag ]]; then tag=$2; else base=$2; fi
      shift ;;
    *) die "'$1' is not an option; usage: deploy/build-image.sh [--tag NAME:TAG] [--base IMAGE] [--try]" ;;
  esac
  shift
done

if docker info >/dev/null 2>&1; then
  engine=docker compose=(docker compose)
elif podman info >/dev/null 2>&1; then
  engine=podman compose=(podman-compose)
else
  die "no container engine answers here: start docker, or install podman and podman-compose"
fi
if $try && ! "${compose[@]}" version >/dev/null 2>&1; then
  die "--try needs '${compose[*]}': install docker's compose plugin or podman-compose"
fi

if [[ -z $base ]]; then
  base=debian:bookworm-slim
  if ! $engine image inspect "$base" >/dev/null 2>&1 && ! timeout 120 $engine pull -q "docker.io/library/$base" >/dev/null 2>&1; then
    command -v mmdebstrap >/dev/null ||
      die "can't pull $base; connect to its registry, install mmdebstrap, or pass --base IMAGE"
    base=localhost/gristmill-base:bookworm
    if ! $engine image inspect "$base" >/dev/null 2>&1; then
      step "make the base image $base from Debian's packages"
      mmdebstrap --quiet --variant=minbase bookworm - | $engine import - "$base" >/dev/null
    fi
  fi
fi

step "build $tag on $base with $engine"
$engine build --build-arg "BASE=$base" --file deploy/Dockerfile --tag "$tag" .
$engine image inspect --format 'the image has {{.Size}} bytes' "$tag"
$engine run --rm "$tag" version ||
  die "the image $tag is built, but $engine can't run containers here: see its message above"
$try || exit 0

# A project of its own, so that a cluster that somebody runs from the same file is left alone.
export GRISTMILL_IMAGE=$tag GRISTMILL_PORT=$((20000 + RANDOM % 10000))
cluster() { "${compose[@]}" -p gristmill-try -f deploy/compose.yaml "$@"; }
in_network() { cluster run --rm --no-deps "$@"; }
down() {
  local code=$?
  trap - EXIT
  step "take the cluster down"
  ((code == 0)) || cluster logs 2>&1 | tail -n 60
  cluster down --volumes >/dev/null 2>&1 || printf 'build-image: could not take the project gristmill-try down\n' >&2
  $engine network rm gristmill-try_default >/dev/null 2>&1 || true  # which podman-compose leaves
  exit "$code"
}
trap down EXIT
trap 'exit 130' INT TERM

step "start a coordinator and two workers from the image"
cluster up --detach --no-build coordinator worker-1 worker-2
for ((tries = 60; ; tries--)); do
  ready=$(cluster exec -T coordinator gristmill workers --coordinator 127.0.0.1:7070 --json 2>/dev/null |
    grep -oE '"state" *: *"WORKER_STATE_READY"' | wc -l) || true
  ((ready < 2)) || break
  ((tries > 0)) || die "two workers did not register within a minute"
  sleep 1
done

step "count words on it"
in_network --entrypoint sh client -c 'mkdir -p /data/in && cp -L /usr/share/common-licenses/* /data/in/'
in_network client submit wordcount --input /data/in --output /data/out --param lower=true --wait
# Judged by what it prints, since podman-compose does not pass the exit code on.
# shellcheck disable=SC2016  # for the shell in the container
verdict=$(in_network --entrypoint sh client -c '
  export LC_ALL=C
  for file in /data/in/*; do cat "$file"; echo; done | tr A-Z a-z | tr -s " \t\n\v\f\r" "\n" | sed "/^$/d" |
    sort | uniq -c | sed -E "s/^ *([0-9]+) (.*)$/\2\t\1/" | sort > /tmp/expected
  cat /data/out/part-* | sort | cmp - /tmp/expected && printf "%s words, counts equal\n" "$(wc -l < /tmp/expected)"' 2>&1)
grep -E '^[1-9][0-9]* words, counts equal' <<<"$verdict" ||
  die "the word count on the containers is not that of tr, sort and uniq: $verdict"
