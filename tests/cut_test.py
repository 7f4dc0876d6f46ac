#!/usr/bin/env python3
"""One split takes much longer than all others: its task is cut, and nobody can tell by the output.

usage: cut_test.py TESTBED [unittest arguments]
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, read_output, wait_for

TESTBED = None
LARGE_LINES = 400


class CutTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-cut-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"
        self.input = self.directory / "in"
        self.input.mkdir()
        # The large split is in the middle, so that the order of pieces matters on both sides.
        for i, (lines, cost) in enumerate([(40, 0)] * 3 + [(LARGE_LINES, 1)] + [(40, 0)] * 3):
            text = "".join(f"{cost} key{n % 7} {i}.{n} {'x' * 80}\n" for n in range(lines))
            (self.input / f"in-{i}").write_text(text)

    def job(self, name, output, ms):
        return [name, "--input", self.input, "--output", output, "--partitions", 3, "--param",
                f"ms={ms}"]

    def sequential(self, name):
        """The output of one thread that loses no time."""
        output = self.directory / "sequential"
        subprocess.run([TESTBED, "run", *map(str, self.job(name, output, 0)), "--threads", "1"],
                       check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        return read_output(output)

    def start(self, name, **kwargs):
        c = Cluster(TESTBED, workers=3, **kwargs)
        self.addCleanup(c.stop)
        return c, c.submit(*self.job(name, self.out, 25))

    def maps(self, c, job):
        return c.json("status", job)["stages"][0]

    def await_cut(self, c, job):
        wait_for(lambda: int(self.maps(c, job).get("tasksCut", 0)) > 0, "a task to be cut")

    def check(self, c, job, name):
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(read_output(self.out), self.sequential(name))
        maps = status["stages"][0]
        self.assertGreater(int(maps["tasksCut"]), 0)
        self.assertEqual(int(maps["tasksTotal"]), 7 + int(maps["tasksCut"]))
        return maps

    def pieces(self, c, job):
        """(offset, length, worker) of each task of the large split, in order."""
        large = str(self.input / "in-3")
        tasks = [t for t in c.json("tasks", job)["tasks"] if t.get("split", "").startswith(large)]
        parts = [t["split"].rsplit(":", 1)[1].split("+") + [t["worker"]] for t in tasks]
        return sorted((int(offset), int(length), worker) for offset, length, worker in parts)

    def test_values_of_a_key_keep_the_order_of_the_input(self):
        c, job = self.start("skewed-list")
        self.check(c, job, "skewed-list")
        pieces = self.pieces(c, job)
        ends = [offset + length for offset, length, _ in pieces]
        self.assertEqual([offset for offset, _, _ in pieces], [0, *ends[:-1]], "they tile the split")
        self.assertEqual(ends[-1], (self.input / "in-3").stat().st_size)
        self.assertGreater(len({worker for _, _, worker in pieces}), 1, "others helped")

    def test_counts_are_right(self):
        c, job = self.start("skewed-count")
        self.check(c, job, "skewed-count")

    def test_a_worker_killed_after_the_cut_changes_nothing(self):
        c, job = self.start("skewed-list")
        self.await_cut(c, job)
        running = wait_for(lambda: [t for t in c.json("tasks", job)["tasks"]
                                    if t["state"] == "TASK_STATE_RUNNING"], "a piece to run")
        pid = int(running[-1]["worker"].rsplit(":", 1)[1])
        c.kill(next(p for p in c.processes.values() if p.pid == pid))
        self.check(c, job, "skewed-list")

    def test_a_coordinator_killed_after_the_cut_goes_on_with_the_pieces(self):
        c, job = self.start("skewed-list", lease="5s")
        self.await_cut(c, job)
        c.kill(c.processes["coordinator"])
        c.start_coordinator()
        self.assertGreater(int(self.maps(c, job)["tasksCut"]), 0, "the journal has it")
        self.check(c, job, "skewed-list")

    def test_without_speculation_nothing_is_cut(self):
        c, job = self.start("skewed-count", coordinator_flags=["--no-speculation"])
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(read_output(self.out), self.sequential("skewed-count"))
        self.assertEqual(int(status["stages"][0].get("tasksCut", 0)), 0)


if __name__ == "__main__":
    TESTBED = sys.argv.pop(1)
    unittest.main(verbosity=2)
