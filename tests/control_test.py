#!/usr/bin/env python3
"""Control of jobs: dry runs, resources of tasks, limits by the median, failures that are left out, job logs.

usage: control_test.py TESTBED [unittest arguments]
"""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, wait_for

TESTBED = None
BAD_LINE = "bad\n"
# Fails on a file with a line "bad".
PICKY = "grep -q '^bad$' \"$GRISTMILL_INPUT_FILE\" && exit 3; cat"


def rows_of(tsv):
    with open(tsv) as file:
        return list(csv.DictReader(file, delimiter="\t"))


class ControlTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-control-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"
        self.input = self.directory / "in"
        self.input.mkdir()
        for i in range(6):
            (self.input / f"in-{i}").write_text(f"line {i}\n" + (BAD_LINE if i == 2 else ""))

    def cluster(self, **kwargs):
        c = Cluster(TESTBED, **kwargs)
        self.addCleanup(c.stop)
        return c

    def run_here(self, *args):
        return subprocess.run([TESTBED, "run", *map(str, args)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def stream(self, mapper, *flags):
        return ["stream", "--input", self.input, "--output", self.out, "--mapper", mapper, *flags]

    # --- Dry runs ---------------------------------------------------------------------------------
    def check_plan(self, text):
        for part in ("6 files", "6 of 7 B to 11 B", f"{self.out}: 3 files as text", "shuffle of map", "2 slots",
                     "2.0 GiB of memory"):
            self.assertIn(part, text)
        self.assertFalse(self.out.exists(), "nothing is made")

    def dry_job(self):
        return ["wordcount", "--input", self.input, "--output", self.out, "--partitions", 3, "--task-cpus", 2,
                "--task-memory", "2GiB", "--dry-run"]

    def test_a_dry_run_here_prints_the_plan_and_makes_nothing(self):
        result = self.run_here(*self.dry_job(), "--threads", 2)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check_plan(result.stdout)
        report = json.loads(self.run_here(*self.dry_job(), "--threads", 2, "--json").stdout)
        self.assertEqual(report["splits"], 6)
        self.assertEqual(len(report["plan"]["stages"]), 2)

    def test_a_dry_run_on_a_cluster_is_the_coordinators_and_says_what_it_would_wait_for(self):
        c = self.cluster(workers=1, slots=2)
        result = c.run("submit", *self.dry_job())
        self.check_plan(result.stdout)
        self.assertNotIn("waits", result.stdout)
        result = c.run("submit", *self.dry_job(), "--require", "ssd")
        self.assertIn("no worker has the label 'ssd'", result.stdout)
        self.assertEqual(c.json("list").get("jobs", []), [], "no job was made")

    def test_a_dry_run_refuses_what_the_job_would_be_refused_for(self):
        self.out.mkdir()
        (self.out / "mine").write_text("x")
        result = self.run_here(*self.dry_job(), "--threads", 2)
        self.assertEqual(result.returncode, 2)
        self.assertIn("is not empty", result.stderr)

    # --- Resources --------------------------------------------------------------------------------
    def test_tasks_run_only_where_their_label_and_gpus_are(self):
        c = self.cluster(workers=1, slots=4)
        c.start_worker(["--label", "ssd", "--gpus", "2", "--memory", "1GiB"])
        wait_for(lambda: len(c.workers()) == 2, "the second worker")
        able = next(w for w in c.workers() if w.get("labels") == ["ssd"])
        self.assertEqual(able["gpus"], 2)
        self.assertIn("0/2", c.run("workers").stdout)
        # Each of them says which GPU it uses, and for how long.
        mapper = "cat >/dev/null; echo \"$CUDA_VISIBLE_DEVICES $(date +%s%N)\"; sleep 0.3; date +%s%N"
        c.run("submit", *self.stream(mapper, "--task-gpus", 1, "--require", "ssd", "--task-memory", "300MiB", "--wait"))
        tasks = c.json("tasks", 1)["tasks"]
        self.assertEqual({t["worker"] for t in tasks}, {able["name"]})
        spans = {}
        for part in self.out.glob("part-*"):
            lines = part.read_text().split()
            spans.setdefault(lines[0], []).append((int(lines[1]), int(lines[2])))
        self.assertLessEqual(set(spans), {"0", "1"})
        for times in spans.values():
            times.sort()
            for (_, end), (begin, _) in zip(times, times[1:]):
                self.assertLessEqual(end, begin, "one GPU had two tasks at once")

    def test_what_no_worker_could_run_is_said_until_one_comes_that_could(self):
        c = self.cluster(workers=1)
        job = c.submit(*self.stream("cat", "--require", "ssd"))
        said = wait_for(lambda: c.json("status", job).get("message"), "a reason")
        self.assertIn("no worker has the label 'ssd'; start one with 'gristmill worker --label ssd'", said)
        self.assertIn(said, c.run("status", job).stdout)
        self.assertIn(said, c.run("list").stdout)
        c.start_worker(["--label", "ssd"])
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED")

    def test_a_wide_task_gets_its_slots_though_narrow_ones_are_always_there(self):
        c = self.cluster(workers=1, slots=2)
        many = self.directory / "many"
        many.mkdir()
        for i in range(60):
            (many / str(i)).write_text("x\n")
        narrow = c.submit("stream", "--input", many, "--output", self.directory / "narrow", "--mapper",
                          "sleep 0.$((RANDOM % 2 + 1)); cat")
        wait_for(lambda: c.json("status", narrow)["stages"][0].get("tasksSucceeded", 0) > 2, "it to run")
        wide = c.submit(*self.stream("cat", "--task-cpus", 2))
        self.assertEqual(c.wait(wide)["state"], "JOB_STATE_SUCCEEDED")
        self.assertEqual(c.json("status", narrow)["state"], "JOB_STATE_RUNNING", "it was not waited for")
        self.assertEqual(c.wait(narrow)["state"], "JOB_STATE_SUCCEEDED")

    def test_impossible_requests_are_refused(self):
        for flags, said in ((["--task-cpus", 0], "at least one CPU"),
                            (["--task-cpus", 3, "--threads", 2], "lower --task-cpus or raise --threads"),
                            (["--task-memory", "1000TiB"], "lower --task-memory"),
                            (["--task-gpus", 1], "say how many there are with --gpus"),
                            (["--require", "ssd"], "'run' has no workers")):
            result = self.run_here(*self.stream("cat", *flags))
            self.assertEqual(result.returncode, 2, flags)
            self.assertIn(said, result.stderr)
            self.assertFalse(self.out.exists())

    def test_run_gives_tasks_different_gpus(self):
        result = self.run_here(*self.stream("cat >/dev/null; echo $CUDA_VISIBLE_DEVICES; sleep 0.1", "--task-gpus", 1,
                                            "--gpus", 2, "--threads", 4))
        self.assertEqual(result.returncode, 0, result.stderr)
        used = {part.read_text().strip() for part in self.out.glob("part-*")}
        self.assertEqual(used, {"0", "1"})

    # --- Limits by the median ---------------------------------------------------------------------
    def slow_once(self):
        """Takes far longer than the others for the third file, the first time."""
        mark = self.directory / "tried"
        return (f"case $GRISTMILL_INPUT_FILE in *in-2) [ -e {mark} ] || {{ touch {mark}; sleep 100; }};; esac; "
                "sleep 0.05; cat")

    def test_a_task_far_above_the_median_is_stopped_and_tried_again(self):
        c = self.cluster(workers=1, slots=3, coordinator_flags=["--no-speculation"])
        job = c.submit(*self.stream(self.slow_once(), "--timeout", "300%"))
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", status)
        self.assertEqual(int(status["stages"][0]["attemptsFailed"]), 1)

    def test_run_keeps_to_the_median_too(self):
        result = self.run_here(*self.stream(self.slow_once(), "--task-timeout", "300%", "--threads", 2))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((self.directory / "tried").exists())

    # --- Failures that are left out ---------------------------------------------------------------
    def check_left_out(self, code, stderr):
        self.assertEqual(code, 4, stderr)
        self.assertIn(f"without 1 of 6 tasks, which failed; '{self.out}/_failed_tasks' lists them", stderr)
        rows = rows_of(self.out / "_failed_tasks")
        self.assertEqual([(row["stage"], row["task"]) for row in rows], [("map", "2")])
        self.assertIn("in-2", rows[0]["input"])
        self.assertIn("exit", rows[0]["reason"])
        self.assertFalse((self.out / "part-00002-of-00006").exists())
        self.assertEqual((self.out / "part-00003-of-00006").read_text(), "line 3\n")
        self.assertTrue((self.out / "_SUCCESS").exists())

    def test_run_goes_on_without_tasks_that_failed(self):
        result = self.run_here(*self.stream(PICKY, "--halt", "fail=20%", "--max-attempts", 2))
        self.check_left_out(result.returncode, result.stderr)

    def test_a_cluster_goes_on_without_tasks_that_failed(self):
        c = self.cluster(workers=2)
        log = self.directory / "log"
        result = c.run("submit", *self.stream(PICKY, "--halt", "now,fail=2", "--wait", "--job-log", log), check=False)
        self.check_left_out(result.returncode, result.stderr)
        self.assertEqual(c.json("status", 1)["tasksLeftOut"], 1)
        rows = rows_of(log)
        self.assertEqual([row["Exit"] for row in rows], ["0", "0", "1", "0", "0", "0"])
        self.assertEqual(rows[2]["State"], "left out")
        self.assertEqual(rows[2]["Failures"], "4")
        self.assertEqual(c.run("tasks", 1, "--tsv").stdout, log.read_text())
        self.assertGreater(float(rows[0]["Start"]), 1e9)

    def test_one_more_failure_than_may_be_fails_the_job(self):
        result = self.run_here(*self.stream(PICKY, "--halt", "fail=1", "--max-attempts", 1))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertFalse(self.out.exists())

    def test_a_map_that_is_left_out_is_missing_in_every_partition_and_a_reduce_is_a_missing_file(self):
        c = self.cluster(workers=2)
        reducer = "grep -q 'line 4' && exit 1 || exit 0"
        result = c.run("submit", *self.stream(PICKY, "--reducer", "cat", "--partitions", 2, "--halt", "fail=2", "--wait"),
                       check=False)
        self.assertEqual(result.returncode, 4, result.stderr)
        text = "".join(p.read_text() for p in self.out.glob("part-*"))
        self.assertEqual(sorted(text.split("\n")), sorted([""] + [f"line {i}\t" for i in (0, 1, 3, 4, 5)]))
        result = c.run("submit", *self.stream("cat", "--reducer", reducer, "--partitions", 2, "--halt", "fail=2", "--wait",
                                              "--overwrite"), check=False)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertEqual(len(list(self.out.glob("part-*"))), 1)
        self.assertIn("reduce\t", (self.out / "_failed_tasks").read_text())

    # --- The rest ---------------------------------------------------------------------------------
    def test_run_writes_a_job_log(self):
        log = self.directory / "log"
        result = self.run_here(*self.stream("sleep 0.02; cat", "--job-log", log))
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = rows_of(log)
        self.assertEqual([row["State"] for row in rows], ["succeeded"] * 6)
        self.assertTrue(all(0.02 <= float(row["Seconds"]) < 10 for row in rows), rows)
        result = self.run_here(*self.stream("cat", "--job-log", "/nowhere/log"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("can't write the job log '/nowhere/log'", result.stderr)

    def test_keep_order_holds_for_map_only_jobs_and_is_refused_for_others(self):
        result = self.run_here(*self.stream("cat", "--keep-order"))
        self.assertEqual(result.returncode, 0, result.stderr)
        text = "".join(p.read_text() for p in sorted(self.out.glob("part-*")))
        self.assertEqual(text, "".join((self.input / f"in-{i}").read_text() for i in range(6)))
        result = self.run_here(*self.stream("cat", "--keep-order", "--reducer", "cat", "--overwrite"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("leave --keep-order out", result.stderr)


if __name__ == "__main__":
    TESTBED = sys.argv.pop(1)
    unittest.main(verbosity=2)
