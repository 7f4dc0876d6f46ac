#!/usr/bin/env python3
"""What a new user gets wrong: each mistake has its sentence and exit code, and leaves no output.

usage: bad_input_test.py GRISTMILL [unittest arguments]
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, wait_for

BINARY = None
OK, JOB_FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3


def run(*args, env=None, preexec_fn=None, binary=None):
    return subprocess.run([binary or BINARY, *map(str, args)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, preexec_fn=preexec_fn,
                          env={**os.environ, "GRISTMILL_COORDINATOR": "127.0.0.1:1",
                               **(env or {})})


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-bad-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.text = self.directory / "in.txt"
        self.text.write_text("one two\ntwo\n")
        self.out = self.directory / "out"

    def refuse(self, code, *needles, args, **kwargs):
        """Expects that exit code, one sentence on stderr with the needles, and no output."""
        result = run(*args, **kwargs)
        self.assertEqual(result.returncode, code, f"{args}: {result.stderr}")
        for needle in needles:
            self.assertIn(needle, result.stderr)
        errors = [l for l in result.stderr.splitlines() if l.startswith("gristmill: ")]
        self.assertEqual(len(errors), 1, f"one sentence: {result.stderr}")
        self.assertFalse(self.out.exists(), "partial output was left")

    def wordcount(self, *extra, source=None, **kwargs):
        return ["run", "wordcount", "--input", source or self.text, "--output", self.out, *extra]

    def test_misspelt_job(self):
        self.refuse(USAGE, "wordcuont", "wordcount",
                    args=["run", "wordcuont", "--input", self.text, "--output", self.out])

    def test_misspelt_command(self):
        self.refuse(USAGE, "submit", args=["sumbit", "wordcount"])

    def test_misspelt_flag(self):
        self.refuse(USAGE, "--partitions", args=self.wordcount("--partitons", "3"))

    def test_values_that_flags_do_not_take(self):
        for args, sentence in (
                (["--partitions", "-1"], "--partitions takes a whole number, zero or more, not '-1'"),
                (["--threads", "0"], "--threads takes a number from 1 to 1024, not '0'"),
                (["--partitions"], "--partitions needs a value; write --partitions N"),
                (["--memory", "1G", "--memory", "2G"], "--memory is given 2 times; give it once")):
            self.refuse(USAGE, f"gristmill: {sentence}; see 'gristmill run --help'",
                        args=self.wordcount(*args))
        self.refuse(USAGE, "--shuffle is one of local, remote, not 'x'",
                    args=["worker", "--shuffle", "x"])
        self.refuse(USAGE, "--wait and --detach exclude each other",
                    args=["submit", *self.wordcount("--wait", "--detach")[1:]])
        self.refuse(USAGE, "'gristmill status' needs a JOB", args=["status"])

    def test_address_that_is_none(self):
        for address in ("foo", ":99999", "foo:0"):
            for args in (["list"], ["submit", *self.wordcount()[1:]], ["watch", "1"],
                         ["tasks", "1"], ["worker", "--dir", self.directory / "spill"]):
                self.refuse(USAGE, f"--coordinator '{address}' is not of the form HOST:PORT",
                            args=[*args, "--coordinator", address])
        self.refuse(USAGE, "GRISTMILL_COORDINATOR 'foo'", args=["list"],
                    env={"GRISTMILL_COORDINATOR": "foo"})

    def test_help_of_a_command(self):
        self.assertEqual(run("help").stdout, run("--help").stdout)
        self.assertEqual(run("help", "run").stdout, run("run", "--help").stdout)
        self.assertEqual(run("help", "bench", "scaling").stdout,
                         run("bench", "scaling", "--help").stdout)
        self.refuse(USAGE, "no command 'rum'", "'run'", args=["help", "rum"])

    def test_json_of_jobs_is_the_same_every_time(self):
        first = run("jobs", "--json").stdout
        self.assertEqual(first, run("jobs", "--json").stdout)
        job = json.loads(first)["jobs"][0]
        self.assertEqual(list(job), ["name", "summary", "details", "keyType", "valueType",
                                     "outputFormat", "params"])

    def test_json_of_a_submission(self):
        with Cluster(BINARY, workers=0) as c:
            submitted = c.run("submit", *self.wordcount()[1:], "--json")
            self.assertEqual(json.loads(submitted.stdout), {"job": "1"})
            c.run("cancel", "1")

    def test_sigterm_is_not_called_ctrl_c(self):
        self.text.write_text("hold on\n" * 3_000_000)
        process = subprocess.Popen([BINARY, *map(str, self.wordcount("--threads", 1))],
                                   stderr=subprocess.PIPE, text=True)
        wait_for(lambda: list(self.out.glob("_temporary/*/")), "the run to stage its output")
        process.terminate()
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("SIGTERM: cancelling", errors)
        self.assertNotIn("Ctrl-C", errors)
        self.assertFalse(self.out.exists())

    def test_misspelt_parameter(self):
        self.refuse(USAGE, "lowr", "lower", args=self.wordcount("--param", "lowr=true"))

    def test_ill_typed_parameter(self):
        self.refuse(USAGE, "lower", "maybe", args=self.wordcount("--param", "lower=maybe"))

    def test_bad_regular_expression(self):
        self.refuse(USAGE, "pattern", args=["run", "grep", "--input", self.text, "--output",
                                            self.out, "--param", "pattern=("])

    def test_zero_partitions(self):
        self.refuse(USAGE, "partitions", args=self.wordcount("--partitions", "0"))

    def test_bad_size(self):
        self.refuse(USAGE, "'lots'", args=self.wordcount("--memory", "lots"))

    def test_missing_file(self):
        missing = self.directory / "no-such-file.txt"
        self.refuse(USAGE, str(missing), args=self.wordcount(source=missing))

    def test_missing_input_flag(self):
        self.refuse(USAGE, "--input", args=["run", "wordcount", "--output", self.out])

    def test_missing_output_flag(self):
        self.refuse(USAGE, "--output", args=["run", "wordcount", "--input", self.text])

    def test_glob_without_match(self):
        self.refuse(USAGE, "*.csv", args=self.wordcount(source=f"{self.directory}/*.csv"))

    def refuse_nobody(self, *needles, args):
        """refuse(), as a user who may enter this test's directory but perhaps not the build's."""
        def become_nobody():
            os.setgid(65534)
            os.setuid(65534)

        binary = shutil.copy(BINARY, self.directory / "gristmill")
        self.refuse(USAGE, *needles, args=args, preexec_fn=become_nobody, binary=binary)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_input_without_permission(self):
        self.text.chmod(0o600)
        self.refuse_nobody(str(self.text), args=self.wordcount())

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_directory_without_permission(self):
        self.refuse_nobody(str(self.out), args=self.wordcount())

    def test_output_that_exists(self):
        self.out.mkdir()
        (self.out / "precious").write_text("keep me")
        result = run(*self.wordcount())
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("--overwrite", result.stderr)
        result = run(*self.wordcount("--overwrite"))
        self.assertEqual(result.returncode, USAGE, "a stranger's file is not overwritten")
        self.assertIn("precious", result.stderr)
        self.assertEqual((self.out / "precious").read_text(), "keep me")

    def test_output_that_is_being_written(self):
        self.text.write_text("hold on\n" * 3_000_000)
        (self.directory / "alias").symlink_to(self.directory)
        writer = subprocess.Popen([BINARY, *map(str, self.wordcount("--quiet", "--threads", 1))],
                                  stderr=subprocess.PIPE)
        wait_for(lambda: list(self.out.glob("_temporary/*/")), "the first run to stage its output")
        for name in ("out", "alias/out"):
            result = run("run", "wordcount", "--overwrite", "--input", self.text, "--output",
                         self.directory / name)
            self.assertEqual(result.returncode, USAGE, result.stderr)
            self.assertIn("is being written by 'gristmill run' on", result.stderr)
            self.assertIn(f":{writer.pid};", result.stderr)
        self.assertEqual(writer.wait(), OK, writer.communicate()[1])
        self.assertEqual(run(*self.wordcount("--overwrite")).returncode, OK)

    def test_output_of_a_clusters_job(self):
        (self.directory / "alias").symlink_to(self.directory)
        alias = self.wordcount("--overwrite")
        alias[alias.index(self.out)] = self.directory / "alias" / "out"
        with Cluster(BINARY, workers=0) as c:
            c.run("submit", *self.wordcount()[1:])
            for restart in (False, True):
                if restart:
                    c.kill(c.processes["coordinator"])
                    c.start_coordinator()
                    lock = self.out / "_temporary" / "_LOCK"
                    pid = c.processes["coordinator"].pid
                    wait_for(lambda: str(pid) in lock.read_text(), "the lock to be taken again")
                for result in (run(*alias), c.run("submit", *alias[1:], check=False)):
                    self.assertEqual(result.returncode, USAGE, result.stderr)
                    self.assertIn("is being written by job 1 of the coordinator on", result.stderr)
            c.run("cancel", "1")
            wait_for(lambda: not self.out.exists(), "the output to be cleared away")
        self.assertEqual(run(*alias).returncode, OK)

    def test_output_that_a_killed_run_left(self):
        self.text.write_text("hold on\n" * 3_000_000)
        writer = subprocess.Popen([BINARY, *map(str, self.wordcount("--quiet", "--threads", 1))])
        wait_for(lambda: list(self.out.glob("_temporary/*/")), "the run to stage its output")
        writer.kill()
        writer.wait()
        self.assertEqual(run(*self.wordcount()).returncode, USAGE)
        result = run(*self.wordcount("--overwrite"))
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertFalse((self.out / "_temporary").exists())

    def test_output_inside_the_input(self):
        self.refuse(USAGE, "inside the input", str(self.out), args=self.wordcount(
            source=self.directory))
        self.refuse(USAGE, "matches the output", str(self.out), args=self.wordcount(
            source=f"{self.directory}/*"))
        result = run("run", "wordcount", "--input", self.directory, "--output", self.directory)
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("both input and output", result.stderr)

    def test_overwrite_replaces_an_earlier_result(self):
        self.assertEqual(run(*self.wordcount("--partitions", 3)).returncode, OK)
        self.assertEqual(run(*self.wordcount("--partitions", 2)).returncode, USAGE)
        self.assertEqual(run(*self.wordcount("--partitions", 2, "--overwrite")).returncode, OK)
        self.assertEqual(sorted(p.name for p in self.out.iterdir()),
                         ["_SUCCESS", "part-00000-of-00002", "part-00001-of-00002"])

    def test_output_that_is_a_file(self):
        result = run("run", "wordcount", "--input", self.text, "--output", self.text)
        self.assertEqual(result.returncode, USAGE)
        self.assertEqual(self.text.read_text(), "one two\ntwo\n")

    def test_records_of_the_wrong_length(self):
        self.refuse(USAGE, "100", args=["run", "sort", "--input", self.text, "--output", self.out,
                                        "--param", "records=terasort"])

    def test_empty_file_gives_empty_output(self):
        self.text.write_text("")
        result = run(*self.wordcount())
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertEqual([p.stat().st_size for p in sorted(self.out.glob("part-*"))], [0] * 4)

    def test_binary_file_as_text(self):
        data = os.urandom(300_000)
        self.text.write_bytes(data)
        result = run(*self.wordcount("--partitions", 1))
        self.assertEqual(result.returncode, OK, result.stderr)
        words = data.split()
        counted = (self.out / "part-00000-of-00001").read_bytes()
        self.assertEqual(sum(int(l.rsplit(b"\t", 1)[1]) for l in counted.split(b"\n") if b"\t" in l),
                         len(words))

    def test_damaged_gzip_file(self):
        self.text = self.directory / "bad.gz"
        self.text.write_bytes(b"\x1f\x8b\x08\x00garbage that is no deflate stream")
        self.refuse(JOB_FAILED, "bad.gz", args=self.wordcount())

    def test_line_of_a_gibibyte(self):
        with open(self.text, "wb") as f:
            f.truncate(1 << 30)
        self.refuse(JOB_FAILED, str(self.text), "longer than", args=self.wordcount())

    def test_coordinator_that_is_not_there(self):
        for args in (["list"], ["submit", *self.wordcount()[1:]], ["workers"]):
            self.refuse(UNREACHABLE, "127.0.0.1:1", args=args)

    def test_worker_without_a_coordinator_gives_up_when_told(self):
        self.refuse(UNREACHABLE, "127.0.0.1:1", args=["worker", "--reconnect-for", "500ms", "--dir",
                                                      self.directory / "spill"])

    def test_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            address = f"127.0.0.1:{holder.getsockname()[1]}"
            self.refuse(USAGE, address, "in use", args=["coordinator", "--listen", address,
                                                        "--journal", self.directory / "journal"])

    def test_parameters_that_are_too_large(self):
        self.refuse(USAGE, "and 64 KiB is the most",
                    args=["run", "grep", "--input", self.text, "--output", self.out,
                          "--param", "pattern=" + "x" * 100_000])

    def test_splits_that_make_too_many_tasks(self):
        with open(self.text, "wb") as file:
            file.truncate(6_000_000 * 1024)  # a hole: no byte of it is read
        self.refuse(USAGE, "would make more than 5000000 map tasks; raise --split-size",
                    args=self.wordcount("--split-size", "1K"))

    def test_more_jobs_than_a_coordinator_takes(self):
        self.refuse(USAGE, "--running-jobs is at least 1", args=["coordinator", "--running-jobs", 0])
        with Cluster(BINARY, workers=0,
                     coordinator_flags=["--running-jobs", "1", "--queued-jobs", "1"]) as c:
            def submit(name):
                return c.run("submit", "wordcount", "--input", self.text, "--output", self.directory / name,
                             check=False)
            self.assertEqual(submit("first").returncode, OK)
            self.assertEqual(submit("second").returncode, OK)
            third = submit("third")
            self.assertEqual(third.returncode, USAGE, third.stderr)
            self.assertIn("has 1 running and 1 waiting jobs", third.stderr)
            self.assertFalse((self.directory / "third").exists())
            self.assertIn("waiting (1 ahead)", c.run("list").stdout)
            self.assertIn("queued behind 1 job\n", c.run("status", "2").stdout)
            c.run("cancel", "2")
            self.assertEqual(submit("third").returncode, OK)

    def test_unknown_job_id(self):
        with Cluster(BINARY, workers=0) as c:
            for command in ("status", "watch", "cancel", "tasks", "counters", "explain", "logs"):
                result = c.run(command, "42", check=False)
                self.assertEqual(result.returncode, USAGE, f"{command}: {result.stderr}")
                self.assertIn("42", result.stderr)

    def test_refused_by_the_coordinator_with_the_same_sentences(self):
        with Cluster(BINARY, workers=0) as c:
            for extra in (["--param", "lowr=1"], ["--partitions", "0"]):
                args = [*self.wordcount()[1:], *extra]
                refused = c.run("submit", *args, check=False)
                self.assertEqual(refused.returncode, USAGE, refused.stderr)
                self.assertEqual(refused.stderr, run("run", *args).stderr)
            self.assertFalse(self.out.exists())

    def test_standard_streams_that_are_closed(self):
        self.text.write_text("a b a\n")
        command = [BINARY, "run", "wordcount", "--input", self.text, "--output", self.out, "--partitions", "1"]
        done = subprocess.run(["bash", "-c", '"$@" <&- >&- 2>&-', "bash", *map(str, command)], timeout=60, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual((self.out / "part-00000-of-00001").read_text(), "a\t2\nb\t1\n")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small tmpfs")
    def test_full_disk(self):
        small = self.directory / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small]).returncode:
            self.skipTest("this machine lets nobody mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", small])
        with open(self.text, "w") as f:
            f.writelines(f"word{i}\n" for i in range(400_000))
        result = run("run", "wordcount", "--input", self.text, "--output", small / "out")
        self.assertEqual(result.returncode, JOB_FAILED, result.stderr)
        self.assertIn("disk is full", result.stderr)
        self.assertEqual(list(small.iterdir()), [], "no partial output")


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
