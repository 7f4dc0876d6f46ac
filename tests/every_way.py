"""Runs a job in many ways and compares the bytes: what the tests of the job library share.

A job runs in one process with different numbers of threads, sizes of splits and amounts of memory,
then on a cluster of one worker and on one of several, on the same data with the same flags. All
outputs must be the same bytes, and must equal an answer that the test worked out by other means:
Python's own types, re, or the system's sort, tr and uniq.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import read_output

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
COMMAND_DEADLINE_S = 300
PARTITIONS = 3

options = argparse.Namespace(binary=None, workers=4, local_only=False)


def say(text):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {text}", flush=True)


def run_command(command, **kwargs):
    return subprocess.run(command, capture_output=True, timeout=COMMAND_DEADLINE_S, **kwargs)


class EveryWay(unittest.TestCase):
    """To be derived from. One test a job and kind of data; each compares all the ways to run it with
    one answer."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-jobs-test-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.clusters = {}  # "1 worker" -> address
        say(f"working in {cls.scratch}")
        if options.local_only:
            return
        for workers in sorted({1, options.workers}):
            cls.addClassCleanup(cls.local_cluster, "stop", workers)
            exported = cls.local_cluster("start", workers)
            address = re.search(r"GRISTMILL_COORDINATOR=(\S+)", exported)[1]
            cls.clusters[f"{workers} worker{'s' if workers > 1 else ''}"] = address
            say(f"a cluster with workers: {workers} listens on {address}")

    @classmethod
    def local_cluster(cls, verb, workers):
        directory = cls.scratch / f"cluster-{workers}"
        command = [CHECKOUT / "deploy" / "local-cluster", verb, "--dir", directory]
        if verb == "start":
            command += ["--workers", str(workers), "--slots", "2", "--binary", options.binary]
        done = run_command(command, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"local-cluster {verb} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]
        self.directory = self.scratch / self.name
        self.input = self.directory / "input"
        self.input.mkdir(parents=True)
        self.outputs = 0

    def launch(self, subcommand, job, flags, environment=None):
        """Returns the finished process and the output directory."""
        self.outputs += 1
        output = self.directory / f"output-{self.outputs}"
        command = [options.binary, *subcommand, job, "--output", str(output), *flags]
        return run_command(command, env={**os.environ, **(environment or {})}), output

    def succeed(self, subcommand, job, flags, environment=None):
        done, output = self.launch(subcommand, job, flags, environment)
        self.assertEqual(done.returncode, 0, f"{done.args}\n{done.stderr.decode(errors='replace')}")
        parts = read_output(output)
        shutil.rmtree(output)
        return parts

    def every_way(self, job, flags, sizes, memory="32MiB"):
        """The output for each value of `sizes`, a list of flags that change how input is split. For
        one such value, all ways to run the job must leave the same files; returns them."""
        results = []
        for size in sizes:
            reference = self.succeed(["run"], job, [*flags, *size, "--threads", "1"])
            ways = {f"{t} threads, {memory}": ["run", "--threads", str(t), "--memory", memory] for t in (2, 5)}
            for way, (subcommand, *extra) in ways.items():
                self.assert_same(reference, self.succeed([subcommand], job, [*flags, *size, *extra]), way, size)
            for way, address in self.clusters.items():
                parts = self.succeed(
                    ["submit", "--wait"], job, [*flags, *size, "--memory", memory],
                    {"GRISTMILL_COORDINATOR": address},
                )
                self.assert_same(reference, parts, f"a cluster of {way}", size)
            say(f"{self.name}: {job} {' '.join(size)}: {len(ways) + len(self.clusters) + 1} runs agree, "
                f"{sum(map(len, reference.values()))} bytes in {len(reference)} files")
            results.append(reference)
        return results

    def assert_same(self, reference, parts, way, size):
        self.assertEqual(list(reference), list(parts), f"other files with {way}, {size}")
        for name, content in reference.items():
            self.assertTrue(content == parts[name], f"{name} has other bytes with {way}, {size}")

    def check(self, job, expected, params=(), sizes=(["--split-size", "64MiB"], ["--split-size", "77777"])):
        """Runs `job` on self.input in every way; the files must hold the lines `expected`, each
        partition sorted by key. `params`: "name=value"."""
        flags = ["--input", str(self.input), "--partitions", str(PARTITIONS)]
        for param in params:
            flags += ["--param", param]
        first, *others = self.every_way(job, flags, sizes)
        for other, size in zip(others, sizes[1:]):
            self.assert_same(first, other, "one thread", size)
        self.assertEqual(len(first), PARTITIONS)
        for name, content in first.items():
            keys = [line.rsplit(b"\t", 1)[0] for line in content.split(b"\n")[:-1]]
            self.assertEqual(keys, sorted(keys), f"{name} is not sorted by key")
        lines = sorted(b"".join(first.values()).split(b"\n")[:-1])
        self.assert_lines(sorted(expected), lines)

    def assert_lines(self, expected, actual):
        if expected == actual:
            return
        missing = list((collections.Counter(expected) - collections.Counter(actual)).elements())
        extra = list((collections.Counter(actual) - collections.Counter(expected)).elements())
        self.fail(f"{len(missing)} lines are missing, such as {[line[:200] for line in missing[:3]]}, and "
                  f"{len(extra)} are wrong, such as {[line[:200] for line in extra[:3]]}")

    def refused(self, job, flags, sentence):
        done, output = self.launch(["run"], job, ["--input", str(self.input), *flags])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(sentence, done.stderr.decode())
        self.assertFalse(output.exists(), f"a refused job left {output}")


def main(description):
    """The command line of a program of such tests."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=os.path.abspath, help="the gristmill to test")
    parser.add_argument("--workers", type=int, default=4, help="workers of the larger cluster (default: 4)")
    parser.add_argument("--local-only", action="store_true", help="leave the clusters out")
    _, rest = parser.parse_known_args(namespace=options)
    if not os.access(options.binary, os.X_OK):
        parser.error(f"{options.binary} is not a program; build it first")
    unittest.main(argv=[sys.argv[0], *rest])
