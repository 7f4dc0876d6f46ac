#!/usr/bin/env python3
"""What people see of a job: logs of its tasks, what they say that they are at, and why it waits or is slow.

usage: insight_test.py TESTBED [unittest arguments]
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, Latch, wait_for

BINARY = None


class Insight(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-insight-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.input = self.directory / "in.txt"
        self.out = self.directory / "out"
        self.until = Latch(self.directory / "until")
        self.addCleanup(self.until.close)
        self.cluster = self.start()

    def start(self, **options):
        cluster = Cluster(BINARY, **{"workers": 2, **options})
        self.addCleanup(cluster.stop)
        return cluster

    def submit_talker(self, *flags):
        return self.cluster.submit("talker", "--input", self.input, "--output", self.out, "--param",
                                   f"until={self.until.path}", *flags)

    def finish(self, job):
        self.until.open()
        self.assertEqual(self.cluster.wait(job)["state"], "JOB_STATE_SUCCEEDED", self.cluster.logs())

    def explain(self, job, kind):
        """The finding of that kind, once there is one."""
        def found():
            findings = self.cluster.json("explain", job)["findings"]
            return next((f["text"] + " " + f["remedy"] for f in findings if f["kind"] == kind), None)
        return wait_for(found, f"a finding of the kind {kind}: {self.cluster.json('explain', job)}")

    def test_lines_of_tasks_are_told_apart_and_stay_after_the_end(self):
        self.input.write_text("one\ntwo\n")
        job = self.submit_talker("--wait")
        lines = self.cluster.run("logs", job).stdout.splitlines()
        self.assertRegex("\n".join(lines), r"(?m)^map-0 attempt \d+ \| stdio one$")
        self.assertRegex("\n".join(lines), r"(?m)^map-0 attempt \d+ \| cerr two$")
        self.assertRegex("\n".join(lines), r"(?m)^runner \d+ of \S+ \| plain one$")
        of_task = self.cluster.run("logs", job, "map-0").stdout.splitlines()
        self.assertEqual([line.split("| ")[1] for line in of_task], ["stdio one", "cerr one", "stdio two", "cerr two"])
        self.assertEqual(self.cluster.run("logs", job, "reduce-0").stdout, "")
        entry = json.JSONDecoder().raw_decode(self.cluster.run("logs", job, "map-0", "--json").stdout)[0]
        self.assertEqual(entry["task"], 0)

    def test_a_wrong_task_gets_a_sentence(self):
        self.input.write_text("one\n")
        job = self.submit_talker("--wait")
        for task, needle in (("map-9", "is not a task of the job"), ("shuffle-1", "names no stage"), ("x", "is no task")):
            result = self.cluster.run("logs", job, task, check=False)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(needle, result.stderr)

    def test_logs_can_be_followed(self):
        self.input.write_text("wait\n")
        job = self.submit_talker()
        log = self.directory / "followed"
        with open(log, "w") as file:
            follower = subprocess.Popen([BINARY, "logs", job, "--follow"], stdout=file, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "GRISTMILL_COORDINATOR": self.cluster.address})
        wait_for(lambda: "stdio wait" in log.read_text(), "the line to be shown while the job runs")
        self.assertIsNone(follower.poll())
        self.finish(job)
        self.assertEqual(follower.wait(timeout=60), 0)
        follower.stderr.close()

    def test_failures_of_programs_are_told_by_attempt(self):
        self.input.write_text("one\n")
        job = self.cluster.submit("stream", "--input", self.input, "--output", self.out, "--max-attempts", "2",
                                  "--mapper", "echo to the log >&2; exit 3")
        self.cluster.wait(job)
        logs = self.cluster.run("logs", job).stdout
        self.assertEqual(len(set(line.split(" |")[0] for line in logs.splitlines() if line.endswith("| to the log"))), 2, logs)
        self.assertRegex(logs, r"(?m)^map-0 attempt \d+ on \S+ failed: the mapper 'echo to the log >&2; exit 3' exited with code 3")
        self.assertIn("\n    to the log\n", logs)
        text = self.explain(job, "failed")
        self.assertIn("exited with code 3", text)

    def test_of_a_lost_worker_the_log_is_gone_and_that_is_said(self):
        self.input.write_text("wait\n")
        job = self.submit_talker("--partitions", "1")
        name = wait_for(lambda: next((t["worker"] for t in self.cluster.json("tasks", job)["tasks"]
                                      if t["stageKind"] == "STAGE_KIND_REDUCE" and t["state"] == "TASK_STATE_RUNNING"), None),
                        "the reduce task to run")
        worker = next(p for p in self.cluster.processes.values() if str(p.pid) == name.split(":")[1])
        self.cluster.kill(worker)
        wait_for(lambda: len(self.cluster.workers()) == 1, "the worker to be given up")
        result = self.cluster.run("logs", job)
        self.assertIn(f"worker {name} is gone, and with it what its tasks wrote", result.stderr)
        self.finish(job)

    def test_what_tasks_say_is_shown_while_they_run(self):
        self.input.write_text("a\nwait\n")
        job = self.submit_talker("--partitions", "1")
        wait_for(lambda: any(t["statusText"] == "reducing wait" for t in self.cluster.json("tasks", job)["tasks"]),
                 "what the task says")
        self.assertIn("reducing wait", self.cluster.run("tasks", job).stdout)
        self.finish(job)
        job = self.cluster.submit("stream", "--input", self.input, "--output", self.directory / "s", "--mapper",
                                  f"echo reporter:status:half way >&2; while [ ! -e {self.directory}/go ]; do sleep 0.05; done; cat")
        wait_for(lambda: any(t["statusText"] == "half way" for t in self.cluster.json("tasks", job)["tasks"]),
                 "what the program says")
        (self.directory / "go").touch()
        self.cluster.wait(job)

    def test_a_straggler_is_explained(self):
        self.input.write_text("".join(f"key {i}\n" for i in range(100)) + "wait\n")
        job = self.submit_talker("--partitions", "4")
        text = self.explain(job, "straggler")
        self.assertRegex(text, r"^reduce-\d runs for \d+\.\d s on \S+; the median of its stage is \d+ ms\. It reads partition \d")
        wait_for(lambda: "It says: 'reducing wait'" in self.explain(job, "straggler"), "what it says")
        wait_for(lambda: "% of its time went into the job's reduce code" in self.explain(job, "straggler"), "its time")
        self.finish(job)
        self.assertIn("Of its stages, reduce took longest", self.explain(job, "time"))

    def test_a_skewed_partition_is_explained_by_its_key(self):
        self.input.write_text("".join(f"key {i}\n" for i in range(100)) + ("wait " * 20 + "\n") * 50_000 + "wait\n" * 60_000)
        job = self.cluster.submit("stream", "--input", self.input, "--output", self.out, "--mapper", "cat", "--reducer",
                                  f"while [ ! -e {self.directory}/go ]; do sleep 0.05; done; cat", "--partitions", "4")
        def skew():
            return next((f["text"] for f in self.cluster.json("explain", job)["findings"] if f["kind"] == "skew"), None)
        (self.directory / "go").touch()
        self.cluster.wait(job)
        text = wait_for(skew, f"the skew: {self.cluster.json('explain', job)}")
        self.assertRegex(text, r"Partition \d is much larger than the others: reduce-\d reads .* MiB")
        self.assertIn("the key \"wait wait", text)

    def test_a_job_without_workers_and_one_behind_others_say_what_they_wait_for(self):
        self.cluster = self.start(workers=0, coordinator_flags=["--running-jobs", "1"])
        self.input.write_text("one\n")
        first = self.submit_talker()
        self.assertIn("It waits for a worker; start one with 'gristmill worker'", self.explain(first, "waits"))
        second = self.cluster.submit("talker", "--input", self.input, "--output", self.directory / "o2")
        self.assertIn(f"behind 1 job, of which run {first} (talker)", self.explain(second, "queued"))
        shown = self.cluster.run("explain", second).stdout
        self.assertRegex(shown, rf"^{second} talker: waiting for .*\n\nIt waits for its turn")

    def test_who_has_the_slots_is_said(self):
        self.input.write_text("one\n")
        hold = f"while [ ! -e {self.directory}/go ]; do sleep 0.05; done"
        first = self.cluster.submit("stream", "--input", *[self.write(f"i{i}") for i in range(4)], "--output", self.out,
                                    "--mapper", hold)
        wait_for(lambda: sum(w["slotsUsed"] for w in self.cluster.workers()) == 2, "the slots to be taken")
        second = self.cluster.submit("stream", "--input", self.input, "--output", self.directory / "o2", "--mapper", "cat")
        self.assertRegex(self.explain(second, "slots"), rf"None of 2 slots is free: {first} \(stream\) runs 2 tasks, and this job 0; 1 task waits")
        (self.directory / "go").touch()
        self.cluster.wait(second)

    def test_that_slots_are_free_but_nothing_fits_is_said(self):
        self.cluster = self.start(workers=1, slots=2)
        self.input.write_text("wait\n")
        first = self.submit_talker("--partitions", "1")
        wait_for(lambda: any(t["statusText"] == "reducing wait" for t in self.cluster.json("tasks", first)["tasks"]),
                 "a slot to be taken")
        wide = self.cluster.submit("stream", "--input", self.input, "--output", self.directory / "o2", "--mapper", "cat",
                                   "--task-cpus", "2")
        self.assertIn("1 of 2 slots is free, but not where a task of this job fits", self.explain(wide, "room"))
        self.finish(first)
        self.cluster.wait(wide)

    def write(self, name):
        path = self.directory / name
        path.write_text("line\n")
        return path


if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
