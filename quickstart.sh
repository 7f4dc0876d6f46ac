#!/usr/bin/env bash
# From a fresh checkout to counted words: installs the packages, builds Gristmill, starts a local
# cluster of a coordinator and two workers, counts the words of text that is on this machine,
# checks the result against tr, sort and uniq, and stops what it started.
#
# usage: ./quickstart.sh      everything it makes lies in build/release and quickstart-output
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export LC_ALL=C

readonly here=$PWD/quickstart-output binary=$PWD/build/release/gristmill
readonly input_bytes_max=$((48 << 20))

step() { printf '\n==> [%3d s] %s\n' "$SECONDS" "$1"; }
die() {
  printf '\nquickstart: %s\n' "$1" >&2
  exit 1
}
cluster() { deploy/local-cluster "$1" --dir "$here/cluster" "${@:2}"; }

stop_cluster() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  step "stop the cluster"
  cluster stop || code=1
  exit "$code"
}

# gather NAME FIND-ARGUMENT…: one text file of what find finds, in the order of the paths. Every
# file ends its last line, so that no word spans two files.
gather() {
  local name=$1 limit=$((input_bytes_max / 3))
  shift
  find -L "$@" -type f -readable -print0 2>/dev/null | sort -z |
    xargs -0 -r grep -ahs '' -- 2>/dev/null |  # whom head's end at the limit stops with a message
    head -c "$limit" >"$here/input/$name" || true
  [[ -s $here/input/$name ]] || rm -f "$here/input/$name"
}

# The same count with nothing of Gristmill's: a word is a run of bytes that are not ASCII white space.
count_independently() {
  local file
  for file in "$here"/input/*; do
    cat "$file"
    echo
  done | tr 'A-Z' 'a-z' | tr -s ' \t\n\v\f\r' '\n' | sed '/^$/d' | sort -S 256M | uniq -c |
    sed -E 's/^ *([0-9]+) (.*)$/\2\t\1/' | sort >"$here/expected.tsv"
}

step "install what the build needs"
deploy/install-deps.sh

step "build an optimised gristmill (build/release; a few minutes the first time, seconds after)"
mkdir -p build
cmake --preset release >build/release.log 2>&1 ||
  die "CMake could not configure the build; it said: $(tail -n 20 build/release.log)"
cmake --build --preset release --target gristmill gristmill_job  # the second for cmake --install

step "start a coordinator and two workers on this machine (logs in quickstart-output/cluster)"
[[ ! -d $here/cluster ]] || cluster stop
rm -rf "$here"
mkdir -p "$here/input"
trap stop_cluster EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
exports=$(cluster start --workers 2 --binary "$binary")
eval "$exports"
"$binary" workers

step "gather real text of this machine in quickstart-output/input"
gather headers.txt /usr/include \( -name '*.h' -o -name '*.hpp' \)
gather copyrights.txt /usr/share/doc -name copyright
gather licences.txt /usr/share/common-licenses /usr/share/perl /usr/lib/python3 \
  \( -path '*/common-licenses/*' -o -name '*.pod' -o -name '*.py' \)
compgen -G "$here/input/*" >/dev/null || die "found no readable text below /usr/include, /usr/share/doc and /usr/lib"
(cd "$here/input" && du -h --apparent-size -- * | sed 's/^/    /')

step "count its words on the cluster"
"$binary" submit wordcount --input "$here/input" --output "$here/words" --param lower=true --split-size 2MiB --wait

step "the ten most frequent words"
cat "$here"/words/part-* | sort -t $'\t' -k2,2nr -k1,1 | head -n 10 | sed 's/^/    /' || true
printf '\nThe whole result, word<TAB>count, lies in\n'
ls "$here"/words/part-* | sed 's/^/    /'

step "check it against an independent count with tr, sort and uniq"
count_independently
cat "$here"/words/part-* | sort >"$here/counted.tsv"
cmp "$here/expected.tsv" "$here/counted.tsv" ||
  die "the counts differ: compare quickstart-output/expected.tsv with quickstart-output/counted.tsv"
printf 'The same, byte for byte: %d different words, %d in all.\n' \
  "$(wc -l <"$here/expected.tsv")" "$(awk -F '\t' '{n += $NF} END {printf "%d", n}' "$here/expected.tsv")"
