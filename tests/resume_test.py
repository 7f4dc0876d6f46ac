#!/usr/bin/env python3
"""Suspended jobs: they keep what they have done, go on when they are resumed, and are given up by command.

usage: resume_test.py TESTBED [unittest arguments]
"""

import collections
import csv
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

from cluster import Cluster, read_output, wait_for

TESTBED = None
FILES = 6


class ResumeTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-resume-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"
        self.missing = self.directory / "dictionary"
        self.tries = self.directory / "tries"
        self.input = self.directory / "in"
        self.input.mkdir()
        for i in range(FILES):
            (self.input / f"in-{i}").write_text(f"key {i}\nkey {i + 1}\n")
        self.cluster = Cluster(TESTBED, workers=2, slots=2)
        self.addCleanup(self.cluster.stop)

    # Its map of the last file fails while the dictionary is missing; each try leaves a line.
    def job(self, output, *flags):
        mapper = (f"echo $GRISTMILL_TASK >>{self.tries}; case $GRISTMILL_INPUT_FILE in "
                  f"*in-{FILES - 1}) cat {self.missing} >/dev/null || exit 1;; esac; cat")
        return ["stream", "--input", self.input, "--output", output, "--mapper", mapper, "--reducer", "uniq -c",
                "--partitions", 2, *flags]

    def tries_by_task(self):
        return collections.Counter(self.tries.read_text().split())

    def attempts(self, job):
        rows = csv.DictReader(io.StringIO(self.cluster.run("tasks", job, "--tsv").stdout), delimiter="\t")
        return {row["Task"]: row["Attempt"] for row in rows if row["Stage"] == "map" and row["State"] == "succeeded"}

    def expected(self):
        """What a run in one process makes of it."""
        self.missing.write_text("x\n")
        self.cluster.run("run", *self.job(self.directory / "expected"))
        return read_output(self.directory / "expected")

    # The job is suspended, and all of its maps but one are done.
    def submit_held(self, *flags):
        result = self.cluster.run("submit", *self.job(self.out, "--hold", "1h", "--wait", *flags), check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("is suspended: map task", result.stderr)
        self.assertIn("mend the cause, then 'gristmill submit --resume 1 --wait' goes on with it, "
                      "'gristmill cancel 1' gives it up; it is kept for ", result.stderr)
        return result.stdout.split()[0]

    def test_a_job_that_would_fail_is_held_and_runs_only_what_it_did_not_finish(self):
        c = self.cluster
        job = self.submit_held()
        status = c.json("status", job)
        self.assertEqual(status["state"], "JOB_STATE_SUSPENDED")
        for text in (c.run("explain", job).stdout, c.run("status", job).stdout, c.run("list").stdout):
            self.assertIn("'gristmill submit --resume 1 --wait' goes on", " ".join(text.split()))
        done = self.attempts(job)
        self.assertGreater(len(done), 0)
        self.missing.write_text("x\n")
        before = self.tries_by_task()
        result = c.run("submit", "--resume", job, "--wait")
        self.assertIn("succeeded", result.stderr)
        after = self.attempts(job)
        for task, attempt in done.items():
            self.assertEqual(after[task], attempt, f"map {task} ran again")
        self.assertLess(sum((self.tries_by_task() - before).values()), FILES)
        self.assertEqual(read_output(self.out), self.expected())

    def test_a_suspended_job_outlives_the_coordinator(self):
        c = self.cluster
        job = self.submit_held("--max-attempts", 1)
        done = self.attempts(job)
        c.kill(c.processes["coordinator"])
        c.start_coordinator()
        wait_for(lambda: len(c.workers()) == 2, "the workers to come back")
        self.assertEqual(c.json("status", job)["state"], "JOB_STATE_SUSPENDED")
        self.missing.write_text("x\n")
        c.run("submit", "--resume", job, "--wait")
        self.assertLessEqual(done.items(), self.attempts(job).items(), "a finished map ran again")
        self.assertEqual(read_output(self.out), self.expected())

    def test_a_running_job_is_suspended_by_command_and_resumed_after_a_worker_was_lost(self):
        c = self.cluster
        latch = self.directory / "latch"
        mapper = (f"case $GRISTMILL_INPUT_FILE in *in-0) [ -e {latch} ] || sleep 1000;; esac; cat")
        job = c.submit("stream", "--input", self.input, "--output", self.out, "--mapper", mapper, "--reducer", "uniq -c",
                       "--partitions", 2)
        wait_for(lambda: len(self.attempts(job)) == FILES - 1, "all maps but one")
        said = c.run("suspend", job).stdout
        self.assertIn("is suspended: a user suspended it; 'gristmill submit --resume 1 --wait'", said)
        self.assertIn("kept for 24 h 00 min", said)
        refused = c.run("suspend", job, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("suspended already", refused.stderr)
        watched = c.run("watch", job, check=False)
        self.assertEqual(watched.returncode, 1)
        self.assertIn("is suspended: a user suspended it", watched.stderr)
        c.kill(c.processes["worker-0"])
        wait_for(lambda: len(c.workers()) == 1, "the lease to end")
        kept = self.attempts(job)
        latch.touch()
        c.run("submit", "--resume", job, "--wait")
        self.assertLessEqual(kept.items(), self.attempts(job).items(), "what the other worker kept ran again")
        self.missing.write_text("x\n")
        self.assertEqual(read_output(self.out), self.expected())

    def test_a_suspended_job_keeps_its_output_until_it_is_cancelled(self):
        c = self.cluster
        job = self.submit_held("--max-attempts", 1)
        self.missing.write_text("x\n")
        refused = c.run("submit", *self.job(self.out), check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("job 1 is suspended and is to write to", refused.stderr)
        self.assertIn("cancelled", c.run("cancel", job).stdout)
        refused = c.run("submit", "--resume", job, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("job 1 has ended and keeps nothing to go on with", refused.stderr)
        wait_for(lambda: not c.run_files(), "the workers to drop what they kept")
        c.run("submit", *self.job(self.out), "--wait")
        self.assertEqual(read_output(self.out), self.expected())

    def test_resume_takes_no_other_job(self):
        c = self.cluster
        for args, said in ((["--resume", "7", "--input", "x"],
                            "--resume goes on with a job as it was submitted; leave out --input"),
                           (["wordcount", "--resume", "7"], "leave out JOB"),
                           (["--resume", "seven"], "'seven' is not a job id"),
                           (["--resume", "7"], "there is no job 7"),
                           ([], "'gristmill submit' needs a JOB"),
                           (["wordcount", "--hold", "0s"], "--hold is zero")):
            result = c.run("submit", *args, check=False)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn(said, result.stderr)
        result = c.run("run", "wordcount", "--hold", "1h", check=False)
        self.assertIn("'gristmill run' has no flag --hold", result.stderr)


if __name__ == "__main__":
    TESTBED = sys.argv.pop(1)
    unittest.main(verbosity=2)
