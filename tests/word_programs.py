"""What tests of programs as mapper and reducer share: texts, two programs that count words, a cluster."""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster

MAP_PY = """\
import sys
for line in sys.stdin:
    for word in line.split():
        print(word, 1, sep="\\t")
"""
REDUCE_PY = """\
import sys
key, n = None, 0
for line in sys.stdin:
    word, count = line.rstrip("\\n").split("\\t")
    if word != key:
        if key is not None:
            print(key, n, sep="\\t")
        key, n = word, 0
    n += int(count)
if key is not None:
    print(key, n, sep="\\t")
"""


def shell(command, **kwargs):
    """What the command prints, in the C locale."""
    return subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True,
                          env={**os.environ, "LC_ALL": "C"}, **kwargs).stdout


class WordPrograms(unittest.TestCase):
    """To be derived from. The texts are `inputs`, in `shared` with map.py and reduce.py."""

    binary = None

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-stream-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.cluster = Cluster(cls.binary, workers=2, slots=2)
        cls.addClassCleanup(cls.cluster.stop)
        (cls.shared / "map.py").write_text(MAP_PY)
        (cls.shared / "reduce.py").write_text(REDUCE_PY)
        rng = random.Random(7)
        cls.inputs = []
        for name in ("a", "b", "c"):
            path = cls.shared / f"{name}.txt"
            path.write_text("".join(
                " ".join(f"w{rng.randrange(2000)}" for _ in range(rng.randrange(12))) + "\n"
                for _ in range(5000)))
            cls.inputs.append(path)

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="case-", dir=self.shared))
        self.out = self.directory / "out"

    def joined(self):
        return shell("cat " + " ".join(map(str, self.inputs)))

    def counted(self):
        """The words of all texts with their counts, of plain pipes."""
        return shell(f"{sys.executable} map.py | sort -s -t'\t' -k1,1 | {sys.executable} reduce.py",
                     input=self.joined(), cwd=self.shared)
