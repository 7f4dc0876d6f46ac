#!/usr/bin/env python3
"""`gristmill replay`: a task of a cluster's job again, in a process of its own.

usage: replay_test.py TESTBED [unittest arguments]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster

TESTBED = None


class ReplayTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-replay-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"
        self.files = self.directory / "files"
        self.files.mkdir()
        self.cluster = Cluster(TESTBED, workers=1)
        self.addCleanup(self.cluster.stop)

    def submit(self, text, job, *arguments, check=True):
        path = self.directory / "in.txt"
        path.write_text(text)
        return self.cluster.run("submit", job, "--input", path, "--output", self.out, "--wait", *arguments,
                                check=check)

    def replay(self, *arguments, path=None):
        environment = {**os.environ, "GRISTMILL_COORDINATOR": self.cluster.address}
        if path is not None:
            environment["PATH"] = path
        return subprocess.run([TESTBED, "replay", *map(str, arguments), "--dir", self.files], capture_output=True,
                              text=True, timeout=60, check=False, env=environment)

    def tool(self, name):
        """A directory with a tool that notes its command line and runs what it is given."""
        tools = self.directory / "tools"
        tools.mkdir()
        script = tools / name
        script.write_text(f'#!/bin/sh\necho "$@" > {self.directory}/tool-arguments\n'
                          'while [ "$1" != --args ] && [ "$1" != -- ]; do shift; done; shift\n"$@"\n')
        script.chmod(0o755)
        return f"{tools}:{os.environ['PATH']}"

    def test_a_crash_comes_again_and_nothing_stays(self):
        self.submit("one two\n!segfault now\nfour\n", "fragile", check=False)
        result = self.replay(1)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"map-0 of job-1, \S+in.txt:0\+27\ngristmill: map-0 of job 1 was killed by "
                                        r"signal 11 \(Segmentation fault\); 'gristmill replay 1 map-0 --gdb' stops")
        self.assertEqual(list(self.files.iterdir()), [])
        self.assertFalse(self.out.exists())

    def test_a_task_that_throws_tells_the_record(self):
        self.submit("one two\n!throw now\nfour\n", "fragile", check=False)
        result = self.replay("job-1", "map-0")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r'gristmill: the task fails: this word is not to be counted; record at \S+ '
                                        r'offset 8 "!throw now"')

    def test_a_debugger_gets_the_task_and_its_files_stay(self):
        self.submit("one two\n!throw now\nfour\n", "fragile", check=False)
        result = self.replay(1, "--gdb", path=self.tool("gdb"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("the task fails", result.stderr)
        directory = next(self.files.iterdir())
        self.assertEqual((self.directory / "tool-arguments").read_text().strip(),
                         f"-q -ex catch throw -ex run --args {TESTBED} replay --from {directory}")
        again = subprocess.run([TESTBED, "replay", "--from", directory.name], capture_output=True, text=True, timeout=60,
                               check=False, cwd=self.files)
        self.assertEqual(again.returncode, 1)
        self.assertIn("offset 8", again.stderr)

    def test_a_reduce_task_writes_what_it_wrote_in_the_job(self):
        # Its keys are sampled, and the sample tells which of them it gets.
        self.submit("".join(f"{i * 7919 % 10007:05}\n" for i in range(10007)), "sort", "--split-size", "4K")
        result = self.replay(1, "reduce-2", "--perf", path=self.tool("perf"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("perf report -i", result.stderr)
        replayed = next(self.files.glob("*/output/part-00002-of-00004*")).read_bytes()
        self.assertGreater(len(replayed), 1000)
        self.assertEqual(replayed, (self.out / "part-00002-of-00004").read_bytes())

    def test_files_that_came_with_the_job_are_there(self):
        words = self.directory / "words"
        words.write_text("the and\n")
        self.submit("the cat and the dog\n", "without_stopwords", "--file", f"{words}#stopwords.txt")
        words.unlink()
        result = self.replay(1, "map-0")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_wrong_use_gets_a_sentence(self):
        self.submit("a b\n", "wordcount")
        for arguments, sentence in (
                ((), "needs a job"),
                (("x",), "is not a job id"),
                ((2,), "there is no job 2"),
                ((1,), "job 1 has no task that failed; name the one to replay, such as map-0"),
                ((1, "map-1"), "job 1 has no task 'map-1'"),
                ((1, "map-0", "--gdb", "--perf"), "exclude each other")):
            result = self.replay(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(sentence, result.stderr)
            self.assertEqual(list(self.files.iterdir()), [])
        result = self.replay(1, "map-0", "--valgrind", path="/nonexistent")
        self.assertEqual(result.returncode, 2)
        self.assertIn("valgrind is not installed here; install the package valgrind", result.stderr)


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
