#!/usr/bin/env python3
"""Jobs of several stages on real processes: chains and iterations give the same bytes however they run and whoever dies.

usage: chain_test.py TESTBED [unittest arguments]
"""

import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, read_output, wait_for

TESTBED = None


class ChainTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-chain-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        chance = random.Random(3)
        self.points = self.directory / "points"
        self.points.write_text("".join(f"{chance.gauss(10 * (i % 7), 4):.3f} {chance.gauss(0, 9):.3f}\n" for i in range(20_000)))
        self.graph = self.directory / "graph"
        self.graph.write_text("".join(f"p{int(chance.paretovariate(0.6)) % 2000} p{int(chance.paretovariate(0.5)) % 2000}\n"
                                      for _ in range(8_000)))

    def flags(self, job):
        if job == "kmeans":
            return ["kmeans", "--input", self.points, "--split-size", "50K", "--param", "k=9", "--param", "rounds=60"]
        return ["pagerank", "--input", self.graph, "--split-size", "20K", "--partitions", "3", "--param", "rounds=40",
                "--param", "tolerance=0"]

    def gristmill(self, *args):
        return subprocess.run([TESTBED, *map(str, args)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)

    def embedded(self, job):
        out = self.directory / f"embedded-{job}"
        done = self.gristmill("run", *self.flags(job), "--output", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        return read_output(out)

    def cluster(self, **kwargs):
        c = Cluster(TESTBED, **kwargs)
        self.addCleanup(c.stop)
        return c

    def check_with_a_worker_killed(self, job):
        expected = self.embedded(job)
        c = self.cluster(workers=3)
        out = self.directory / "out"
        submitted = c.submit(*self.flags(job), "--output", out)

        def stages_done():
            stages = c.json("status", submitted)["stages"]
            return sum(stage.get("tasksSucceeded", 0) == stage["tasksTotal"] for stage in stages)

        wait_for(lambda: stages_done() >= 6, "the first rounds")
        c.kill(c.processes["worker-1"])
        self.assertEqual(c.json("status", submitted)["state"], "JOB_STATE_RUNNING", "it was too quick to lose a worker")
        status = c.wait(submitted)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", status)
        self.assertEqual(read_output(out), expected)
        return c, submitted

    def test_an_iteration_survives_a_worker(self):
        self.check_with_a_worker_killed("kmeans")

    def test_a_chain_survives_a_worker_and_one_of_its_tasks_can_be_replayed(self):
        c, job = self.check_with_a_worker_killed("pagerank")
        tasks = c.run("tasks", job).stdout
        self.assertRegex(tasks, r"rank\.7 +2 +succeeded .* partition 2\n")
        replayed = c.run("replay", job, "rank.3-1", "--dir", self.directory)
        self.assertRegex(replayed.stderr, r"(?s)^rank\.3-1 of job-1, partition 1\nthe task succeeds\n")

    def test_a_chain_survives_the_coordinator(self):
        expected = self.embedded("pagerank")
        c = self.cluster(workers=2)
        out = self.directory / "out"
        job = c.submit(*self.flags("pagerank"), "--output", out)
        wait_for(lambda: c.json("status", job)["stages"][4].get("tasksSucceeded", 0) > 0, "the third round")
        c.kill(c.processes["coordinator"])
        c.start_coordinator()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED")
        self.assertEqual(read_output(out), expected)

    def test_both_are_the_same_in_all_ways(self):
        for job in ("kmeans", "pagerank"):
            with self.subTest(job=job):
                result = self.gristmill("verify", *self.flags(job), "--dir", self.directory)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertIn("the same output each time", result.stdout)

    def test_an_input_has_its_name(self):
        lines = self.directory / "lines"
        lines.write_text("a\nbb\nc\ndd\neee\n")
        flags = ["namedinput", "--partitions", 1, "--output", self.directory / "out"]
        done = self.gristmill("run", *flags, "--input", f"lines={lines}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read_output(self.directory / "out"), {"part-00000-of-00001": b"1\t3\n2\t2\n"})
        for wrong, sentence in ((f"line={lines}", "has no input 'line' (it has 'lines'); did you mean 'lines'?"),
                                (lines, f"say of which '{lines}' is, as in --input lines=PATH")):
            refused = self.gristmill("run", *flags, "--overwrite", "--input", wrong)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(sentence, refused.stderr)
        missing = self.gristmill("run", *flags, "--overwrite")
        self.assertIn("reads an input 'lines'; name its files with --input lines=PATH", missing.stderr)
        shown = self.gristmill("jobs", "namedinput")
        self.assertIn("--input lines=FILE_OR_DIRECTORY", shown.stdout)


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
