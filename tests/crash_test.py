#!/usr/bin/env python3
"""What becomes of jobs whose code crashes or throws at some of its records.

usage: crash_test.py TESTBED [unittest arguments]
"""

import pathlib
import shutil
import sys
import tempfile
import unittest

from cluster import Cluster

TESTBED = None


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-crash-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"

    def cluster(self, **options):
        cluster = Cluster(TESTBED, **options)
        self.addCleanup(cluster.stop)
        return cluster

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def message_of(self, cluster, deed, before="one two\nthree\n"):
        """The message of a job one of whose lines is the deed."""
        path = self.write("in.txt", f"{before}{deed}\nfour\n")
        result = cluster.run("submit", "fragile", "--input", path, "--output", self.out, "--wait",
                             check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        return result.stderr.replace(str(path), "FILE")

    def test_the_message_tells_signal_stack_and_record(self):
        c = self.cluster(workers=1)
        before = c.workers()[0]["id"]
        message = self.message_of(c, "!segfault now")
        self.assertRegex(message, r"map task 0 failed 4 times.*killed by signal 11 \(SIGSEGV\) at "
                                  r"address 0x0 in WriteToNothing < .*Fragile.*; "
                                  r'record at FILE offset 14 "!segfault now" \(split FILE:0\+33\)')
        message = self.message_of(c, "!abort")
        self.assertRegex(message, r"signal 6 \(SIGABRT\) in .*abort < .*Fragile.*offset 14 \"!abort\"")
        message = self.message_of(c, "!overflow")
        self.assertRegex(message, r"signal 11 \(SIGSEGV\) of a stack overflow in RecurseForEver "
                                  r"\(\d+ times\).*; record at FILE offset 14 \"!overflow\"")
        message = self.message_of(c, "!exit")
        self.assertRegex(message, r"exited with status 3 while it ran this task; record at FILE "
                                  r"offset 14 \(split")
        self.assertEqual(c.workers()[0]["id"], before, "the worker lived on")

    def test_an_exception_names_the_record_too(self):
        c = self.cluster(workers=1)
        message = self.message_of(c, "!throw " + "long " * 20)
        self.assertIn("this word is not to be counted; record at FILE offset 14 beginning "
                      '"!throw long long', message)

    def test_a_crash_of_reduce_names_the_key(self):
        c = self.cluster(workers=1)
        message = self.message_of(c, "?segfault")
        self.assertRegex(message, r"reduce task \d failed 4 times.* in WriteToNothing < .*; "
                                  r'key "\?segfault" \(partition \d\)')

    def test_who_runs_beside_a_task_that_dies_is_not_to_blame(self):
        c = self.cluster(workers=1, slots=2)
        held = self.directory / "held"
        innocent = self.write("in-0.txt", f"!hold {held}\n")
        guilty = self.write("in-1.txt", f"!exit-after {held}\n")
        job = c.submit("fragile", "--input", innocent, "--input", guilty, "--output", self.out)
        status = c.wait(job)
        self.assertRegex(status["message"], "map task 1 failed 4 times.* exited with status 3 while "
                                            "it ran this task; record at .*in-1.txt offset 0")
        tasks = c.json("tasks", job)["tasks"]
        self.assertEqual([t.get("failures", 0) for t in tasks if t["stageKind"].endswith("MAP")],
                         [0, 4])


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
