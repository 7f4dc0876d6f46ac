#!/usr/bin/env bash
# Prints the Debian packages whose shared libraries a program is linked with, one a line: what an
# image needs to run it, whatever versions the distribution it was built on has.
#
# usage: deploy/runtime-packages.sh PROGRAM
set -euo pipefail

program=${1:?usage: deploy/runtime-packages.sh PROGRAM}
libraries=$(ldd "$program")
if unfound=$(grep -F 'not found' <<<"$libraries"); then
  printf 'runtime-packages: %s is linked with libraries that are not here:\n%s\n' "$program" "$unfound" >&2
  exit 1
fi
# With a merged /usr, dpkg may know /usr/lib/x as /lib/x.
sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p' <<<"$libraries" | while read -r library; do
  library=$(realpath "$library")
  dpkg-query --search "$library" 2>/dev/null || dpkg-query --search "${library#/usr}"
done | sed -E 's/^([^:]+):.*$/\1/' | sort -u
