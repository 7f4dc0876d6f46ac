#!/usr/bin/env bash
# Makes the Python environment of tests/manifests_test.py with the pinned packages, once: a second
# run only compares the list and needs no network.
#
# usage: tests/manifests_env.sh DIRECTORY
set -euo pipefail

directory=${1:?usage: tests/manifests_env.sh DIRECTORY}
requirements=$(dirname "${BASH_SOURCE[0]}")/manifests_requirements.txt

if cmp -s "$requirements" "$directory/installed.txt"; then exit 0; fi
python3 -m venv --clear "$directory" || {
  echo "manifests_env: python3 can't make a virtual environment; install python3-venv (deploy/install-deps.sh does)" >&2
  exit 1
}
"$directory/bin/python3" -m pip install --quiet --no-deps --disable-pip-version-check -r "$requirements" || {
  echo "manifests_env: pip could not install $requirements; the manifests can't be checked without these packages" >&2
  exit 1
}
cp "$requirements" "$directory/installed.txt"
