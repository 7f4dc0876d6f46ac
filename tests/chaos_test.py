#!/usr/bin/env python3
"""`gristmill chaos`: the outputs are the same, what breaks is told, and nothing stays behind.

usage: chaos_test.py GRISTMILL [unittest arguments]
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from cluster import wait_for

BINARY = None
CAN_CUT = (os.geteuid() == 0 and shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin:/bin") and
           shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin"))


def processes_below(directory):
    """Command lines of all processes that name the directory, zombies left out."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (path.parent / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(directory) in text or f"GRISTMILL_RUNNER_SOCKET=unix:{directory}" in environment:
            found.append(text)
    return found


class ChaosTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-chaos-"))
        rng = random.Random(20261125)
        words = ["".join(rng.choices("abcdefghij", k=rng.randint(1, 9))) for _ in range(20_000)]
        line = lambda: " ".join(rng.choices(words, k=10)) + "\n"
        cls.text = cls.data / "text"
        cls.text.write_text("".join(line() for _ in range(2_000)) * 60)
        cls.records = cls.data / "records"
        cls.records.write_bytes(rng.randbytes(100 * 80_000))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.data, ignore_errors=True)

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-chaos-"))
        self.directory.chmod(0o777)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def start(self, *args, **kwargs):
        process = subprocess.Popen([BINARY, "chaos", *map(str, args), "--dir", self.directory],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True, **kwargs)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, code):
        output, errors = process.communicate(timeout=280)
        self.assertEqual(process.returncode, code, f"{output}\n{errors}")
        return output, errors

    def nothing_stays(self):
        wait_for(lambda: not processes_below(self.directory), "all processes to end", 10)
        self.assertEqual(list(self.directory.iterdir()), [])

    def survive(self, *args, rounds):
        """Each round begins with a fault within 40 ms, however fast the machine is: the coordinator is
        killed, a worker is killed, a worker is cut off from everybody."""
        output, errors = self.finish(self.start(*args, "--rounds", rounds, "--seed", 54951, "--lease", "400ms",
                                                "--every", "200ms", "--json"), 0)
        report = json.loads(output)
        counts = {c["what"]: int(c["count"]) for c in report["faultCounts"]}
        self.assertEqual(int(report["roundsIdentical"]), len(report["rounds"]))
        self.assertEqual([r["broken"] for r in report["rounds"]], [""] * len(report["rounds"]))
        self.assertGreater(counts["coordinator killed"], 0)
        self.assertGreater(counts["worker killed"], 0)
        if CAN_CUT and rounds > 2:
            self.assertGreater(counts["worker cut off from everybody"], 0)
        attempts = {name: int(n) for name, n in report["attempts"].items()}
        self.assertEqual(attempts["started"] - attempts["tasks"],
                         sum(attempts[n] for n in ("outputsLost", "interrupted", "copies", "failed")),
                         "each attempt beyond the minimum has a reason")
        self.assertIn("round 1, seed", errors)
        self.nothing_stays()

    def test_word_count_survives_whatever_happens(self):
        self.survive("wordcount", "--input", self.text, rounds=3)

    def test_a_sort_survives_whatever_happens(self):
        self.survive("sort", "--param", "records=terasort", "--input", self.records, rounds=2)

    def test_workers_that_read_each_others_files_survive_as_well(self):
        process = self.start("--job", "wordcount", "--input", self.text, "--rounds", 2, "--lease", "500ms",
                             "--faults", "kill,coordinator")
        output, _ = self.finish(process, 0)
        self.assertIn("2, of which 2 had an output identical", output)
        self.nothing_stays()

    def test_an_output_that_differs_ends_it_and_is_kept(self):
        process = self.start("wordcount", "--input", self.text, "--rounds", 100, "--faults", "kill",
                             "--partitions", 2, "--seed", 9)
        first = process.stdout.readline()
        self.assertIn("wordcount: ", first)
        kept = next(self.directory.iterdir())
        expected = kept / "sequential" / "part-00000-of-00002"
        expected.write_bytes(expected.read_bytes()[:-1] + b"#")
        _, errors = self.finish(process, 1)
        told = re.search(r"gristmill: round (\d+): part-00000-of-00002 differs from that of the sequential "
                         r"run at byte \d+; output, journal and logs are kept in (\S+); repeat it with: "
                         r"(.*)\n", errors)
        self.assertTrue(told, errors)
        self.assertEqual(pathlib.Path(told[2]), kept)
        self.assertTrue((kept / "cluster" / "coordinator.log").stat().st_size > 0)
        self.assertTrue((kept / f"round-{told[1]}" / "_SUCCESS").exists())
        self.assertEqual(told[3], f"gristmill chaos wordcount --input {self.text} --partitions 2 --workers 3 "
                                  f"--slots 1 --faults kill --rounds 1 --seed {8 + int(told[1])}")
        wait_for(lambda: not processes_below(self.directory), "all processes to end", 10)

    def test_ctrl_c_leaves_nothing_behind(self):
        for pause_s in (0.5, 1.3, 2.6):
            process = self.start("wordcount", "--input", self.text, "--rounds", 100, "--every", "50ms")
            time.sleep(pause_s)  # an instant like any other
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to its children too
            self.finish(process, 130)
            self.nothing_stays()

    def test_what_can_not_be_cut_is_left_out_with_a_reason(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")

        def as_nobody():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        binary = self.directory / "gristmill"
        shutil.copy(BINARY, binary)
        small = self.directory / "small"
        small.write_text("one two\n")
        flags = ["wordcount", "--input", small, "--rounds", 1, "--dir", self.directory]

        def run(faults):
            return subprocess.run([binary, "chaos", *map(str, flags), "--faults", faults],
                                  preexec_fn=as_nobody, capture_output=True, text=True, timeout=100)

        result = run("kill,cut")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("the network is not cut: that needs root", result.stderr)
        self.assertIn("faults: kill,", result.stdout)
        result = run("cut")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("the network can't be cut: that needs root", result.stderr)

    def test_wrong_usage_is_refused_in_a_sentence(self):
        for args, sentence in (
                (["nosuch"], "there is no job 'nosuch'; 'gristmill jobs' lists them"),
                ([], "'gristmill chaos' needs a job; write gristmill chaos wordcount --input FILES…"),
                (["wordcount", "--input", "/nowhere"], "the input '/nowhere' does not exist"),
                (["wordcount", "--input", self.text, "--rounds", "0"],
                 "--rounds takes a number from 1 to 1000000, not '0'; see 'gristmill chaos --help'"),
                (["wordcount", "--input", self.text, "--faults", "fire"],
                 "there is no fault 'fire'; --faults takes all, or some of kill,stop,cut,coordinator"),
                (["wordcount", "--input", self.text, "--lease", "1ms"],
                 "--lease takes 200 ms to 1 min 00 s, not '1ms'"),
                (["noop"], "job 'noop' writes no output that could be compared; choose another one")):
            with self.subTest(args=args):
                output, errors = self.finish(self.start(*args), 2)
                self.assertEqual((output, errors), ("", f"gristmill: {sentence}\n"))
                self.nothing_stays()


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
