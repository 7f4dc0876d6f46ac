#!/usr/bin/env python3
"""What becomes of jobs whose code crashes or throws at some of its records.

usage: crash_test.py TESTBED [unittest arguments]
"""

import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, wait_for

TESTBED = None


class ClusterTest(unittest.TestCase):
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


class CrashTest(ClusterTest):
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


class SkipTest(ClusterTest):
    """With --skip-bad-records the rest of the output is that of the input without these records."""

    def flags(self, inputs, most, job="fragile"):
        flags = [job, "--output", self.out, "--split-size", "1KiB", "--skip-bad-records", most]
        for path in inputs:
            flags += ["--input", path]
        return flags

    def embedded(self, job, *inputs, output="expected", extra=()):
        """What a run in one process over these inputs gives."""
        out = self.directory / output
        command = [TESTBED, "run", job, "--output", out, "--split-size", "1KiB", *extra]
        for path in inputs:
            command += ["--input", path]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result, self.parts(out)

    @staticmethod
    def parts(out):
        assert (out / "_SUCCESS").exists()
        return {p.name: p.read_bytes() for p in out.glob("part-*")}

    def set_aside(self):
        """The bytes set aside, and the fields of each line of their index."""
        directory = self.out / "_bad"
        self.assertEqual(sorted(p.name for p in directory.iterdir()), ["index.tsv", "records"])
        index = (directory / "index.tsv").read_text().splitlines()
        return (directory / "records").read_bytes(), [line.split("\t") for line in index]

    @staticmethod
    def text(bad, lines=200):
        """Lines of words, and the bad ones at these places; and the same without them."""
        good = {i: f"word{i % 7} and {i}\n" for i in range(lines)}
        both = {**good, **{i: line + "\n" for i, line in bad.items()}}
        return ("".join(both[i] for i in sorted(both)),
                "".join(line for i, line in good.items() if i not in bad))

    def submit(self, cluster, *flags, ok=True):
        result = cluster.run("submit", *flags, "--wait", check=ok)
        if not ok:
            self.assertEqual(result.returncode, 1, result.stderr)
        return result

    def test_records_that_crash_the_code_are_set_aside_wherever_they_are(self):
        c = self.cluster(workers=2)
        # The first and the last record, two beside each other and one of another split.
        bad = {0: "!segfault first", 50: "!abort", 51: "!exit", 120: "!throw it", 199: "!overflow"}
        dirty, clean = self.text(bad)
        path = self.write("in.txt", dirty.removesuffix("\n"))
        result = self.submit(c, *self.flags([path], 5))
        self.assertIn(f"skipped 5 bad records, see {self.out}/_bad", result.stderr)
        _, expected = self.embedded("fragile", self.write("clean.txt", clean))
        self.assertEqual(self.parts(self.out), expected)
        records, index = self.set_aside()
        self.assertEqual(records.decode().splitlines(), [bad[i] for i in sorted(bad)])
        for fields, line in zip(index, records.decode().splitlines(keepends=True)):
            self.assertEqual(len(fields), 5, fields)
            self.assertEqual(fields[0], str(path))
            self.assertEqual(fields[1], str(dirty.index(line)))
            self.assertEqual(fields[2], str(len(line)))
            self.assertRegex(fields[3], r"^map \d$")
        self.assertRegex(index[0][4], r"killed by signal 11 \(SIGSEGV\) at address 0x0 in WriteToNothing")
        self.assertRegex(index[2][4], "exited with status 3")
        self.assertRegex(index[3][4], "this word is not to be counted; record at .*in.txt offset")
        status = c.json("status", "1")
        self.assertEqual(status["recordsSkipped"], "5")
        self.assertIn("skipped 5 bad records", c.run("status", "1").stdout)
        self.assertIn("records.skipped", c.run("counters", "1").stdout)
        # A clean job over it leaves nothing of that.
        c.run("submit", "fragile", "--input", self.directory / "clean.txt", "--output", self.out,
              "--overwrite", "--wait")
        self.assertFalse((self.out / "_bad").exists())

    def test_one_more_than_allowed_fails_the_job_and_names_the_record(self):
        c = self.cluster(workers=1)
        path = self.write("in.txt", "one\n!throw a\n!throw b\ntwo\n")
        result = self.submit(c, *self.flags([path], 1), ok=False)
        self.assertRegex(result.stderr, "more records are bad than the 1 that --skip-bad-records "
                                        "allows; look at the last one, then mend the job or allow "
                                        r"more \(this word .*; record at .*/in.txt offset 13 "
                                        r'"!throw b"\)')
        self.assertFalse(self.out.exists())

    def test_compressed_input_is_read_without_them(self):
        c = self.cluster(workers=1)
        dirty, clean = self.text({7: "!segfault", 150: "!throw"})
        path = self.directory / "in.gz"
        path.write_bytes(gzip.compress(dirty.encode()))
        self.submit(c, *self.flags([path], 2))
        _, expected = self.embedded("fragile", self.write("clean.txt", clean))
        self.assertEqual(self.parts(self.out), expected)
        records, index = self.set_aside()
        self.assertEqual(records, b"!segfault\n!throw\n")
        self.assertEqual(index[1][1], str(dirty.index("!throw")))

    def test_a_whole_file_is_a_record(self):
        c = self.cluster(workers=1)
        good = [self.write("a", "one\n"), self.write("c", "three\n")]
        bad = self.write("b", "!segfault here\nand")
        self.submit(c, *self.flags([*good, bad], 1, "fragile-files"))
        _, expected = self.embedded("fragile-files", *good)
        self.assertEqual(b"".join(v for _, v in sorted(self.parts(self.out).items())),
                         b"".join(v for _, v in sorted(expected.items())))
        records, index = self.set_aside()
        self.assertEqual(records, b"!segfault here\nand")
        self.assertEqual(index[0][:3], [str(bad), "0", "18"])

    def test_a_record_that_kills_sample_and_map_is_one(self):
        c = self.cluster(workers=2)
        dirty, clean = self.text({3: "!segfault", 90: "!throw"})
        path = self.write("in.txt", dirty)
        self.submit(c, *self.flags([path], 2, "fragile-sort"))
        _, expected = self.embedded("fragile-sort", self.write("clean.txt", clean))
        together = lambda parts: b"".join(parts[name] for name in sorted(parts))
        self.assertEqual(together(self.parts(self.out)), together(expected))
        records, index = self.set_aside()
        self.assertEqual(records, b"!segfault\n!throw\n")
        self.assertRegex(index[0][3], r"^sample \d$")
        self.assertEqual(c.json("status", "1")["recordsSkipped"], "2")

    def test_the_coordinator_may_die_between(self):
        c = self.cluster(workers=1)
        held = self.directory / "held"
        path = self.write("in.txt", f"!throw first\n!exit-after {held}\nlast\n")
        job = c.submit(*self.flags([path], 2))
        wait_for(lambda: c.json("status", job).get("recordsSkipped") == "1", "the first skip")
        c.kill(c.processes["coordinator"])
        c.start_coordinator()
        held.touch()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED")
        self.assertEqual(self.set_aside()[0].decode(), f"!throw first\n!exit-after {held}\n")

    def test_no_record_is_to_blame_for_what_combine_can_not_do(self):
        """Values wait in batches: when they are combined Map is at another record."""
        path = self.write("in.txt", self.text({7: "!twice", 60: "!twice"})[0])
        result = self.submit(self.cluster(workers=1), *self.flags([path], 5, "fragile-combine"),
                             ok=False)
        self.assertIn("failed 4 times", result.stderr)
        self.assertIn("twice is too often", result.stderr)
        self.assertNotIn("offset", result.stderr)

    def test_what_is_killed_or_takes_too_long_is_no_bad_record(self):
        c = self.cluster(workers=1)
        path = self.write("in.txt", "one\n!kill\n")
        result = self.submit(c, *self.flags([path], 1), ok=False)
        self.assertIn("killed by signal 9 (SIGKILL)", result.stderr)
        self.assertIn("failed 4 times", result.stderr)
        path = self.write("in.txt", "one\n!loop\n")
        result = self.submit(c, *self.flags([path], 1), "--task-timeout", "300ms", "--max-attempts",
                             "2", ok=False)
        self.assertIn("it ran longer than --task-timeout", result.stderr)

    def test_a_run_in_one_process_sets_records_aside_at_which_the_code_throws(self):
        dirty, clean = self.text({0: "!throw", 99: "!throw again"})
        result, parts = self.embedded("fragile", self.write("in.txt", dirty), output="out",
                                      extra=["--skip-bad-records", "2"])
        self.assertIn("skipped 2 bad records", result.stderr)
        _, expected = self.embedded("fragile", self.write("clean.txt", clean))
        self.assertEqual(parts, expected)
        self.assertEqual(self.set_aside()[0], b"!throw\n!throw again\n")
        result = subprocess.run([TESTBED, "run", "fragile", "--input", self.directory / "in.txt",
                                 "--output", self.directory / "other", "--skip-bad-records", "1"],
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("more records are bad than the 1 that", result.stderr)

    def test_of_lines_that_are_mapped_together_only_the_bad_ones_are_set_aside(self):
        bad = {3: "!throw", 50: "!segfault", 121: "!throw again"}
        dirty, clean = self.text(bad)
        _, expected = self.embedded("fragile-lines", self.write("clean.txt", clean))
        self.submit(self.cluster(workers=1),
                    *self.flags([self.write("in.txt", dirty)], 3, job="fragile-lines"))
        self.assertEqual(self.parts(self.out), expected)
        self.assertEqual(self.set_aside()[0].decode().splitlines(), list(bad.values()))
        thrown = self.write("thrown.txt", dirty.replace("!segfault", "!throw"))
        _, parts = self.embedded("fragile-lines", thrown, output="embedded",
                                 extra=["--skip-bad-records", "3"])
        self.assertEqual(parts, expected)

    def test_what_can_not_be_skipped_is_refused(self):
        path = self.write("in.txt", "one\n")
        for flags, sentence in [
                (["fragile", "--input", path, "--output", self.out, "--max-attempts", "1"],
                 "a record is skipped when two attempts died at it"),
                (["primes", "--output", self.out], "reads no records; leave out --skip-bad-records"),
                (["fragile", "--input", path, "--output", self.out, "--skip-bad-records", "1001"],
                 "1001 bad records are more than the 1000")]:
            if "--skip-bad-records" not in flags:
                flags += ["--skip-bad-records", "1"]
            result = subprocess.run([TESTBED, "run", *flags], capture_output=True, text=True,
                                    timeout=120)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(sentence, result.stderr)


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
