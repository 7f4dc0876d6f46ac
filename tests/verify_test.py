#!/usr/bin/env python3
"""`gristmill verify`: finds out on what a job's output depends, and says so.

usage: verify_test.py TESTBED [unittest arguments]
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, wait_for

TESTBED = None


class VerifyTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-verify-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.input = self.directory / "in.txt"
        self.input.write_text("".join(f"line {i}\n" for i in range(400)))
        self.files = self.directory / "files"
        self.files.mkdir()

    def command(self, *arguments):
        return [TESTBED, "verify", *map(str, arguments), "--dir", str(self.files)]

    def verify(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=120, check=False)

    def fickle(self, by, *arguments):
        return self.verify("fickle", "--input", self.input, "--param", f"by={by}", "--split-size", "1K", *arguments)

    def test_a_job_of_its_input_is_the_same_in_all_ways(self):
        cluster = Cluster(TESTBED, workers=1)
        self.addCleanup(cluster.stop)
        result = self.fickle("nothing", "--coordinator", cluster.address)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"(?s)on one thread  .*on one thread again +identical.*on 4 threads +identical.*"
                                        r"with 16 MiB of memory +identical.*on 2 workers +identical.*"
                                        r"on the cluster of \S+ +identical.*\nfickle: the same output each time, 4 files")
        self.assertEqual(list(self.files.iterdir()), [])

    def check_different(self, result, way, reason):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertRegex(result.stdout.splitlines()[-1], f"^{way} +DIFFERENT")
        self.assertRegex(result.stderr, rf"(?s)gristmill: {way} the output of job 'fickle' is another one: part-0000\d-of-00004 "
                                        rf"differs from that of one thread at byte \d+, line \d+\n"
                                        rf"  on one thread: .*\\t\d.*\n  {way}: .*\\t\d.*\n.*{reason}.*kept in {self.files}")
        kept = next(self.files.iterdir())
        self.assertTrue((kept / "output-1" / "_SUCCESS").exists())

    def test_chance(self):
        self.check_different(self.fickle("run"), "on one thread again", "random numbers")

    def test_state_of_threads(self):
        self.check_different(self.fickle("thread"), "on 4 threads", "static or global")

    def test_state_of_processes(self):
        self.check_different(self.fickle("process"), "on 2 workers", "between processes")

    def test_the_order_of_adding(self):
        self.input.write_text("".join(f"{i:0{30 + i % 3}}\n" for i in range(300_000)))
        result = self.verify("fickle", "--input", self.input, "--param", "by=grouping", "--split-size", "64M")
        self.check_different(result, "with 16 MiB of memory", "associative")

    def test_wrong_use_is_refused_before_anything_runs(self):
        for arguments, sentence in (
                (("noop",), "job 'noop' writes no output that could be compared"),
                (("fickel", "--input", self.input), "did you mean 'fickle'"),
                (("fickle", "--input", self.directory / "none"), "does not exist"),
                (("fickle",), "--input")):
            result = self.verify(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(sentence, result.stderr)
            self.assertEqual(list(self.files.iterdir()), [])

    def interrupt(self, wait, *arguments):
        with subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait()
            os.kill(process.pid, signal.SIGINT)
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, 130)
        self.assertEqual(list(self.files.iterdir()), [])

    def test_an_interrupted_one_leaves_nothing_behind(self):
        self.interrupt(lambda: wait_for(lambda: list(self.files.glob("*/output-1/_temporary/*")), "the first run"),
                       "primes", "--param", "to=3000000000")

    def test_an_interrupted_one_leaves_no_program_behind(self):
        started = self.directory / "started"
        self.interrupt(lambda: wait_for(started.exists, "the mapper"), "stream", "--input", self.input,
                       "--mapper", f"echo $$ > {started}.new; mv {started}.new {started}; sleep 600; cat")
        group = int(started.read_text())
        wait_for(lambda: not self.lives(group), "the end of the mapper's process group")

    @staticmethod
    def lives(group):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True


if __name__ == "__main__":
    TESTBED = sys.argv.pop(1)
    unittest.main()
