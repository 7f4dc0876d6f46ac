"""Whether two outputs are the same. A run with a wrong result is no measurement."""

import filecmp
import hashlib
import os
import pathlib
import subprocess

from . import processes


class WrongOutput(Exception):
    """An output is not what the yardstick's is; the sentence says whose and where to look."""


def parts_of(directory):
    """The partition files of a finished job, in order."""
    directory = pathlib.Path(directory)
    if not (directory / "_SUCCESS").exists():
        raise WrongOutput(f"{directory} has no _SUCCESS")
    return sorted(directory.glob("part-*"))


def digest(paths):
    """Of the files' bytes, one after the other."""
    hasher = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(16 << 20):
                hasher.update(block)
    return hasher.hexdigest()


def same_bytes(ours, theirs, who):
    """Both are lists of files: their bytes, one file after the other, must be equal."""
    if len(ours) == len(theirs) == 1 and filecmp.cmp(ours[0], theirs[0], shallow=False):
        return
    if digest(ours) != digest(theirs):
        raise WrongOutput(f"the output of {who} differs from the yardstick's: {ours[0]} and "
                          f"{theirs[0]}")


def merged(parts, path):
    """Partitions that are sorted each become one sorted file. What is not sorted comes out
    unsorted, which a comparison then finds."""
    with open(path, "wb") as out:
        process = subprocess.run(["sort", "-m", *map(str, parts)], stdout=out, check=False,
                                 env={**os.environ, "LC_ALL": "C"})
    if process.returncode != 0:
        raise processes.Failed(f"sort -m failed on {parts[0]}")
    return path


class Verifier:
    """Compares outputs of one job on one input with the yardstick's. Since they are the same bytes
    each time, the comparison itself is made once for each digest: later ones cost a reading."""

    def __init__(self):
        self._expected = None
        self._right = set()

    def expect(self, paths):
        """The yardstick's output, of this run."""
        found = digest(paths)
        if self._expected not in (None, found):
            raise WrongOutput(f"the yardstick's own output changed from run to run: {paths[0]}")
        self._expected = found

    def check(self, parts, who, as_yardstick):
        """`as_yardstick(parts)` gives the files in the yardstick's form."""
        identity = digest(parts)
        if identity in self._right:
            return
        if digest(as_yardstick(parts)) != self._expected:
            raise WrongOutput(f"the output of {who} differs from the yardstick's: {parts[0]}")
        self._right.add(identity)
