#!/usr/bin/env python3
"""Files that tasks write beside the output come with it, of one attempt each, whatever dies.

usage: side_files_test.py TESTBED [unittest arguments]
"""

import collections
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, Latch, read_output, wait_for

TESTBED = None
PARTITIONS = 3


class SideFilesTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-side-files-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.marks = self.directory / "marks"
        self.marks.mkdir()
        self.release = Latch(self.marks / "release")
        self.addCleanup(self.release.close)
        self.out = self.directory / "out"
        self.input = self.directory / "in.txt"
        lines = [f"{chr(ord('a') + i * 7 % 26)}{i}" for i in range(200)]
        self.input.write_text("".join(line + "\n" for line in lines))
        self.lines = collections.defaultdict(list)
        for line in lines:
            self.lines[line[0]].append(line)

    def flags(self, **params):
        return ["beside", "--input", str(self.input), "--output", str(self.out), "--partitions", str(PARTITIONS),
                *(word for name, value in params.items() for word in ("--param", f"{name}={value}"))]

    def cluster(self, **kwargs):
        c = Cluster(TESTBED, **kwargs)
        self.addCleanup(c.stop)
        return c

    def run_embedded(self, *extra, **params):
        return subprocess.run([TESTBED, "run", *self.flags(**params), *extra], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def check_output(self):
        files = read_output(self.out)
        self.assertFalse((self.out / "_temporary").exists())
        counts, letters = {}, []
        for name, content in files.items():
            text = content.decode()
            if name.startswith("part-"):
                counts.update(line.split("\t") for line in text.splitlines())
            elif name.startswith("letters-"):
                part = files["part-" + name.removeprefix("letters-")].decode()
                self.assertEqual(text.splitlines(), [line.split("\t")[0] for line in part.splitlines()])
                letters += text.splitlines()
            else:
                self.assertEqual(text.splitlines(), self.lines[name.removeprefix("letter-")])
        self.assertEqual(counts, {letter: str(len(lines)) for letter, lines in self.lines.items()})
        self.assertEqual(sorted(letters), sorted(self.lines))
        self.assertEqual(sum(name.startswith("letter-") for name in files), len(self.lines))

    def held(self):
        return [int(path.name.removeprefix("held-")) for path in self.marks.glob("held-*")]

    # --- What goes right -------------------------------------------------------------------------
    def test_an_embedded_run_leaves_them_with_its_output(self):
        done = self.run_embedded("--split-size", "1KiB")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_output()

    def test_overwrite_replaces_those_of_the_earlier_run_and_no_others(self):
        self.assertEqual(self.run_embedded().returncode, 0)
        self.input.write_text("x1\n")
        self.lines = {"x": ["x1"]}
        done = self.run_embedded("--overwrite")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_output()
        (self.out / "mine.txt").write_text("precious")
        refused = self.run_embedded("--overwrite")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("mine.txt", refused.stderr)

    def test_every_way_to_run_the_job_leaves_the_same_files(self):
        done = subprocess.run([TESTBED, "verify", "beside", "--input", str(self.input), "--dir",
                               str(self.directory)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the same output each time", done.stdout)

    # --- Faults ----------------------------------------------------------------------------------
    def test_a_worker_killed_after_its_task_wrote_files_changes_nothing(self):
        c = self.cluster(workers=2)
        job = c.submit(*self.flags(dir=self.marks))
        first = wait_for(self.held, "the task to be held")[0]
        temporary = list(self.out.glob("_temporary/*/part-00000-*.files/letter-*"))
        self.assertTrue(temporary, "its files are staged")
        os.kill(c.worker_of_runner(first).pid, signal.SIGKILL)
        wait_for(lambda: len(self.held()) > 1, "another attempt")
        self.release.open()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED", c.logs())
        self.check_output()

    def test_a_coordinator_killed_in_the_middle_of_the_commit_ends_it_when_it_is_back(self):
        c = self.cluster(workers=1)
        job = c.submit(*self.flags(dir=self.marks))
        wait_for(self.held, "the task to be held")
        # What is in the way of one of the renames: those before it are done, those after it are not.
        obstacle = self.out / "letter-m"
        (obstacle / "in-the-way").mkdir(parents=True)
        self.release.open()
        wait_for(lambda: (self.out / "_files").exists(), "the commit to begin")
        wait_for(lambda: "letter-m" in (c.directory / "coordinator.log").read_text(), "the commit to stop")
        self.assertFalse((self.out / "_SUCCESS").exists())
        c.kill(c.processes["coordinator"])
        shutil.rmtree(obstacle)
        c.start_coordinator()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED", c.logs())
        self.check_output()

    # --- Wrong use -------------------------------------------------------------------------------
    def test_two_tasks_that_write_one_name_fail_the_job_and_lose_nothing(self):
        c = self.cluster(workers=1)
        for run in (self.run_embedded,
                    lambda **params: c.run("submit", *self.flags(**params), "--wait", check=False)):
            done = run(wrong="same-name")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, r"tasks \d and \d both wrote a file 'same', and one of the two would be lost")
            self.assertEqual([p.name for p in self.out.iterdir()], ["_temporary"])
            shutil.rmtree(self.out)

    def test_a_name_that_is_none_and_a_task_that_may_not_fail_in_sentences(self):
        done = self.run_embedded(wrong="bad-name")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the job can't write a file '../letters': it holds a '/'", done.stderr)
        done = self.run_embedded(wrong="in-map")
        self.assertEqual(done.returncode, 1)
        self.assertIn("files beside the output were asked for by a task that writes none", done.stderr)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
