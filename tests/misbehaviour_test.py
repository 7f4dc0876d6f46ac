#!/usr/bin/env python3
"""User code that misbehaves costs its own job, never a worker nor another job.

In each test a well-behaved job runs on the same workers from before the mischief to its end; its
output must be right and the workers must be the same processes as before.

usage: misbehaviour_test.py TESTBED [unittest arguments]
"""

import os
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from cluster import Cluster, Latch, read_output, wait_for
from word_count import count_words, make_text, parse_counts

TESTBED = None


class MisbehaviourTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-misbehaviour-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.marks = self.directory / "marks"
        self.marks.mkdir()
        self.good_marks = self.directory / "good-marks"
        self.good_marks.mkdir()
        self.release = Latch(self.good_marks / "release")
        self.addCleanup(self.release.close)
        self.input = self.directory / "one.txt"
        self.input.write_text("a\nb\n")
        self.out = self.directory / "out"

    def start(self, workers=2, slots=2, **kwargs):
        """A cluster whose first slot is taken by a job that behaves."""
        c = Cluster(TESTBED, workers=workers, slots=slots, **kwargs)
        self.addCleanup(c.stop)
        self.cluster = c
        self.pids = sorted(w["name"] for w in c.workers())
        self.texts = make_text(self.directory, files=6)
        self.good = c.submit("gate", "--output", self.directory / "good", "--partitions", 3,
                             *(flag for path in self.texts for flag in ("--input", path)),
                             "--param", f"dir={self.good_marks}", "--param", "hold=map",
                             "--param", "task=0")
        wait_for(lambda: list(self.good_marks.glob("map-0.*")), "the good job to run")
        return c

    def check_that_nobody_else_was_harmed(self):
        self.release.open()
        c = self.cluster
        self.assertEqual(c.wait(self.good)["state"], "JOB_STATE_SUCCEEDED", c.logs())
        self.assertEqual(parse_counts(read_output(self.directory / "good")),
                         count_words(self.texts))
        self.assertEqual(sorted(w["name"] for w in c.workers()), self.pids, c.logs())

    def flags(self, how, times=1_000_000, extra=()):
        return ["misbehave", "--input", self.input, "--output", self.out, "--param", f"how={how}",
                "--param", f"dir={self.marks}", "--param", f"times={times}", *extra]

    def misbehave(self, how, times=1_000_000, extra=(), timeout=120):
        return self.cluster.run("submit", *self.flags(how, times, extra), "--wait", check=False,
                                timeout=timeout)

    def attempts(self):
        return len(list(self.marks.glob("map-0.*")))

    # --- Endless loops ---------------------------------------------------------------------------
    def test_an_endless_loop_ends_at_the_task_timeout_and_fails_its_job(self):
        self.start()
        result = self.misbehave("loop", extra=["--task-timeout", "1s", "--max-attempts", "2"])
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("map task 0 failed 2 times", result.stderr)
        self.assertIn("it ran longer than --task-timeout 1.0 s", result.stderr)
        self.assertIn("one.txt", result.stderr)
        self.assertEqual(self.attempts(), 2)
        wait_for(lambda: not self.out.exists(), "partial output to be cleared away")
        self.check_that_nobody_else_was_harmed()

    def test_a_task_that_loops_once_and_then_ends_succeeds(self):
        self.start()
        result = self.misbehave("loop", times=1, extra=["--task-timeout", "1s"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(parse_counts(read_output(self.out)), {b"a": 1, b"b": 1})
        self.check_that_nobody_else_was_harmed()

    def test_an_embedded_run_ends_at_the_task_timeout_and_leaves_nothing(self):
        work = self.directory / "work"
        work.mkdir()
        result = subprocess.run([TESTBED, "run", *self.flags("loop"), "--task-timeout", "1s",
                                 "--threads", "2", "--work-dir", work],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("it ran longer than --task-timeout 1.0 s", result.stderr)
        self.assertIn("one.txt", result.stderr)
        self.assertEqual(self.attempts(), 1)
        self.assertFalse(self.out.exists())
        self.assertEqual(list(work.iterdir()), [])

    # --- Memory ------------------------------------------------------------------------------------
    def test_a_leak_fails_its_task_at_the_limit_of_the_runner(self):
        self.start()
        result = self.misbehave("leak", extra=["--max-attempts", "2", "--memory", "64MiB"])
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("map task 0 failed 2 times", result.stderr)
        self.assertIn("it ran out of the 640 MiB that a runner of this job may use", result.stderr)
        self.assertEqual(self.attempts(), 2)
        self.check_that_nobody_else_was_harmed()

    def test_what_leaked_goes_with_its_runner_so_that_the_next_try_succeeds(self):
        self.start(workers=1, worker_flags=["--runner-memory", "256MiB"])
        result = self.misbehave("leak", times=1)
        self.assertEqual(result.returncode, 0, result.stderr)
        pids = {path.name.split(".")[1] for path in self.marks.glob("map-0.*")}
        self.assertEqual(len(pids), 2, "another process")
        self.check_that_nobody_else_was_harmed()

    # --- Floods, forks, descriptors ----------------------------------------------------------------
    def cpu_seconds(self, pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_flood_on_stderr_neither_fills_the_log_nor_keeps_the_worker_busy(self):
        c = self.start(workers=1)
        worker = int(self.pids[0].rsplit(":", 1)[1])
        before, since = self.cpu_seconds(worker), time.monotonic()
        result = self.misbehave("flood", extra=["--task-timeout", "3s", "--max-attempts", "1"])
        busy = (self.cpu_seconds(worker) - before) / (time.monotonic() - since)
        self.assertIn("it ran longer than --task-timeout 3.0 s", result.stderr)
        self.assertLess(busy, 0.5, "processors' worth of work in the worker")
        log = c.directory / "worker-0.log"
        self.assertLess(log.stat().st_size, 1 << 20)
        self.assertIn("bytes not logged", log.read_text(errors="replace"))
        self.check_that_nobody_else_was_harmed()

    def left_behind(self):
        return [int(path.name.split(".")[1]) for path in self.marks.glob("left-*")]

    def test_a_fork_that_left_the_process_group_dies_with_its_runner(self):
        c = self.start(workers=1)
        result = self.misbehave("fork", times=1)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(parse_counts(read_output(self.out)), {b"a": 1, b"b": 1})
        pids = wait_for(lambda: len(self.left_behind()) == 2 and self.left_behind(), "two forks")
        wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids),
                 "the forks to be gone")
        log = c.directory / "worker-0.log"
        wait_for(lambda: "killed 2 processes that it left behind" in log.read_text(),
                 "the log to say so")
        self.check_that_nobody_else_was_harmed()

    def test_code_that_closes_descriptors_it_does_not_own_fails_its_job_with_a_hint(self):
        self.start()
        result = self.misbehave("close", extra=["--max-attempts", "2"])
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("map task 0 failed 2 times", result.stderr)
        self.assertIn("closes no file descriptors but its own", result.stderr)
        self.assertEqual(self.attempts(), 2)
        self.check_that_nobody_else_was_harmed()


class ShortOfDiskTest(unittest.TestCase):
    """A worker whose disk fills up takes no tasks, and says so, before any of them fails."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-short-of-disk-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.texts = make_text(self.directory, files=3)
        self.out = self.directory / "out"

    def submit(self, c):
        return c.submit("wordcount", "--output", self.out,
                        *(flag for path in self.texts for flag in ("--input", path)))

    def states(self, c):
        return sorted(w["state"] for w in c.workers())

    def check_output(self, c, job):
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(sum(int(s.get("attemptsFailed", 0)) for s in status["stages"]), 0)
        self.assertEqual(parse_counts(read_output(self.out)), count_words(self.texts))

    def test_a_job_waits_and_says_why_until_a_worker_has_space(self):
        c = Cluster(TESTBED, workers=1, worker_flags=["--spill-reserve", "1000000T"])
        self.addCleanup(c.stop)
        wait_for(lambda: self.states(c) == ["WORKER_STATE_SHORT_OF_DISK"], "the worker to say so")
        job = self.submit(c)
        message = wait_for(lambda: c.json("status", job).get("message"), "the reason to show")
        self.assertIn("no worker takes tasks: 1 short of disk space", message)
        self.assertIn("less disk space is free below its --dir than --spill-reserve",
                      c.run("workers").stdout)
        self.assertIn("taking no map tasks until there is more; free some space", c.logs())
        c.worker_flags = []
        c.start_worker()
        self.check_output(c, job)
        self.assertEqual(self.states(c), ["WORKER_STATE_READY", "WORKER_STATE_SHORT_OF_DISK"])

    def test_a_disk_that_fills_up_and_is_cleared_stops_its_worker_for_so_long(self):
        c = Cluster(TESTBED, workers=0)
        self.addCleanup(c.stop)
        disk = c.directory / "worker-0"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", disk],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"needs a small disk, but {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        c.start_worker()
        wait_for(lambda: self.states(c) == ["WORKER_STATE_READY"], "the worker to register")
        (disk / "filler").write_bytes(bytes(62 << 20))
        wait_for(lambda: self.states(c) == ["WORKER_STATE_SHORT_OF_DISK"], "the worker to notice")
        job = self.submit(c)
        wait_for(lambda: "short of disk" in c.json("status", job).get("message", ""), "the reason")
        (disk / "filler").unlink()
        self.check_output(c, job)
        self.assertEqual(self.states(c), ["WORKER_STATE_READY"])


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
