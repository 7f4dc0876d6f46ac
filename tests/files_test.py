#!/usr/bin/env python3
"""Files that come with jobs: on one process and on clusters that lose processes.

usage: files_test.py BINARY   (the testbed, which has the job `without_stopwords`)
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, read_output, wait_for

BINARY = None
TEXT = "the cat and the dog and a bird\n" * 2000
COUNTS = {"cat": 2000, "dog": 2000, "bird": 2000}


def counts(output):
    lines = b"".join(read_output(output).values()).decode().splitlines()
    return {word: int(n) for word, n in (line.split("\t") for line in lines)}


class Files(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory(prefix="gristmill-files-")
        self.addCleanup(self.temp.cleanup)
        self.dir = pathlib.Path(self.temp.name)
        (self.dir / "text").write_text(TEXT)
        (self.dir / "words").write_text("the and a\n")
        self.flags = ["without_stopwords", "--input", self.dir / "text", "--split-size", "16KiB",
                      "--file", f"{self.dir}/words#stopwords.txt"]

    def run_embedded(self, *args):
        return subprocess.run([BINARY, "run", *map(str, args)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)

    def test_every_task_finds_the_file_the_same_bytes_come_out_everywhere(self):
        result = self.run_embedded(*self.flags, "--output", self.dir / "run")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(counts(self.dir / "run"), COUNTS)
        with Cluster(BINARY) as cluster:
            cluster.run("submit", *self.flags, "--output", self.dir / "submit", "--wait")
            self.assertEqual(read_output(self.dir / "submit"), read_output(self.dir / "run"))

    def test_restarted_workers_and_coordinators_go_on(self):
        with Cluster(BINARY, workers=1) as cluster:
            for process in list(cluster.processes.values()):
                cluster.kill(process)
            cluster.processes.clear()
            cluster.start_coordinator()
            job = cluster.submit(*self.flags, "--output", self.dir / "out")  # nobody to run it yet
            cluster.kill(cluster.processes["coordinator"])
            cluster.start_coordinator()
            worker = cluster.start_worker()
            wait_for(lambda: cluster.json("status", job)["state"] != "JOB_STATE_QUEUED", "the job to begin")
            cluster.kill(worker)
            cluster.start_worker()
            status = cluster.wait(job)
            self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", status)
            self.assertEqual(counts(self.dir / "out"), COUNTS)

    def test_a_job_whose_file_is_gone_fails_with_a_sentence(self):
        with Cluster(BINARY, workers=0) as cluster:
            job = cluster.submit(*self.flags, "--max-attempts", "2", "--output", self.dir / "out")
            cluster.kill(cluster.processes["coordinator"])
            for blob in (cluster.directory / "journal.files").iterdir():
                blob.unlink()
            cluster.start_coordinator()
            cluster.start_worker()
            status = cluster.wait(job)
            self.assertEqual(status["state"], "JOB_STATE_FAILED", status)
            self.assertIn("can't fetch 'stopwords.txt' from the coordinator", status["message"])

    def test_a_file_that_was_damaged_fails_one_job_and_heals_with_the_next(self):
        with Cluster(BINARY, workers=0) as cluster:
            job = cluster.submit(*self.flags, "--max-attempts", "2", "--output", self.dir / "out")
            for blob in (cluster.directory / "journal.files").iterdir():
                blob.chmod(0o600)
                blob.write_text("THE and a\n")
            cluster.start_worker()
            status = cluster.wait(job)
            self.assertEqual(status["state"], "JOB_STATE_FAILED", status)
            self.assertIn("submit the job again", status["message"])
            cluster.run("submit", *self.flags, "--output", self.dir / "again", "--wait")
            self.assertEqual(counts(self.dir / "again"), COUNTS)

    def test_what_cant_come_with_a_job_is_refused(self):
        cases = [(["--file", self.dir], "is a directory"),
                 (["--file", self.dir / "none"], "No such file"),
                 (["--file", f"{self.dir}/words#a/b"], "can't be named 'a/b'"),
                 (["--file", f"{self.dir}/words#"], "gives no name"),
                 (["--file", f"{self.dir}/words#stopwords.txt"], "two files")]
        for extra, sentence in cases:
            result = self.run_embedded(*self.flags, *extra, "--output", self.dir / "out")
            self.assertEqual(result.returncode, 2, result)
            self.assertIn(sentence, result.stderr)
            self.assertFalse((self.dir / "out").exists())


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
