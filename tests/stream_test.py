#!/usr/bin/env python3
"""Programs as mapper and reducer, from outside: against sort(1), awk and plain pipes, in one process and on a cluster.

usage: stream_test.py GRISTMILL [unittest arguments]
"""

import pathlib
import random
import signal
import subprocess
import sys
import unittest

from cluster import Cluster, read_output, wait_for
from word_programs import MAP_PY, WordPrograms, shell


def processes_with(mark):
    """Of all processes, those that have the mark in their environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


class StreamTest(WordPrograms):
    def run_embedded(self, *args, out=None, check=True):
        result = subprocess.run([self.binary, "run", "stream", "--output", out or self.out, *map(str, args)],
                                capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        if check and result.returncode != 0:
            raise AssertionError(f"{args}: {result.returncode}: {result.stderr}")
        return result

    def flags(self, paths=None, **kwargs):
        """--mapper and so on from keyword arguments, for inputs."""
        args = sum((["--input", str(p)] for p in paths or self.inputs), [])
        for name, value in kwargs.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        return args

    def run_everywhere(self, *args):
        """The output, which must be the same in one process and on the cluster, for any threads."""
        outputs = []
        for threads in (1, 3):
            out = self.directory / f"embedded-{threads}"
            self.run_embedded(*args, "--threads", threads, out=out)
            outputs.append(read_output(out))
        out = self.directory / "cluster"
        self.cluster.run("submit", "stream", "--output", out, *args, "--wait")
        outputs.append(read_output(out))
        self.assertEqual(outputs[0], outputs[1])
        self.assertEqual(outputs[0], outputs[2])
        return outputs[0]

    def test_word_count_in_python_is_that_of_plain_pipes(self):
        mapper, reducer = (f"{sys.executable} {self.shared}/{name}.py" for name in ("map", "reduce"))
        expected = shell(f"{mapper} | sort -s -t'\t' -k1,1 | {reducer}", input=self.joined())
        output = self.run_everywhere(*self.flags(mapper=mapper, reducer=reducer, split_size="64KiB"))
        self.assertEqual(len(output), 4)
        self.assertEqual(sorted(b"".join(output.values()).splitlines()), expected.splitlines())
        combined = self.run_everywhere(
            *self.flags(mapper=mapper, reducer=reducer, combiner=reducer, split_size="64KiB", memory="16MiB"),
            "--overwrite")
        self.assertEqual(combined, output)

    def test_files_that_come_with_the_job_are_in_its_directory(self):
        expected = self.counted()
        program = self.directory / "program"
        program.write_text(f"#!{sys.executable}\n{MAP_PY}")
        program.chmod(0o755)
        # By the interpreter; by its name alone, as Hadoop's scripts are called.
        for mapper, file in ((f"{sys.executable} map.py", self.shared / "map.py"), ("words.py", f"{program}#words.py")):
            output = self.run_everywhere(*self.flags(
                mapper=mapper, reducer=f"{sys.executable} count.py", partitions=1),
                "--file", file, "--file", f"{self.shared}/reduce.py#count.py", "--overwrite")
            self.assertEqual(output["part-00000-of-00001"], expected)

    def test_a_forgotten_file_is_hinted_at(self):
        def note(*args):
            result = subprocess.run([self.binary, "run", "stream", "--output", self.out, "--max-attempts", "1", *args],
                                    cwd=self.shared, capture_output=True, text=True, timeout=60)
            return [l for l in result.stderr.splitlines() if "note:" in l]
        flags = self.flags(self.inputs[:1], mapper="cat", reducer=f"'{sys.executable}' reduce.py")
        self.assertEqual(len(note(*flags)), 1)
        self.assertIn("'reduce.py'", note(*flags)[0])
        self.assertEqual(note(*flags, "--file", "reduce.py"), [])

    def test_equal_keys_come_in_the_order_of_the_input(self):
        expected = shell("awk '{ print NF \"\\t\" $0 }' | sort -s -t'\t' -k1,1", input=self.joined())
        output = self.run_everywhere(*self.flags(
            mapper="awk '{ print NF \"\\t\" $0 }'", reducer="cat", split_size="16KiB", partitions=1))
        self.assertEqual(output["part-00000-of-00001"], expected)

    def test_without_a_reducer_the_mappers_lines_are_the_output(self):
        output = self.run_everywhere(*self.flags(mapper="grep -v w1"))
        self.assertEqual(len(output), 3)
        self.assertEqual(b"".join(v for _, v in sorted(output.items())), shell("grep -v w1", input=self.joined()))

    def test_keys_of_several_fields_are_sorted_as_sort_does(self):
        path = self.directory / "in.txt"
        rng = random.Random(3)
        path.write_text("".join(
            f"{rng.choice('abc')},{rng.choice(['', '-'])}{rng.randrange(30)}.{rng.randrange(20)},{i}\n"
            for i in range(3000)))
        for sort in ("-k1,1 -k2,2nr", "-k2,2n", "-k1,1r -k2,2n", "-nr -k2,2", "-k2.2,2.3"):
            output = self.run_everywhere(*self.flags(
                [path], mapper="cat", reducer="cat", separator=",", key_fields=2, sort=sort, partitions=1,
                split_size="4KiB"), "--overwrite")
            # Keys that are equal as `sort` sees them follow in the order of their bytes, then of the input.
            expected = shell(f"sort -s -t, -k1,2 {path} | sort -s -t, {sort}")
            self.assertEqual(output["part-00000-of-00001"], expected, sort)

    def test_the_first_fields_may_choose_the_partition(self):
        path = self.directory / "in.txt"
        path.write_text("".join(f"{i % 50}\t{i % 7}\t{i}\n" for i in range(2000)))
        output = self.run_everywhere(*self.flags(
            [path], mapper="cat", reducer="cut -f1 | uniq -c", key_fields=2, partition_fields=1,
            sort="-k1,1n -k2,2n"))
        lines = [line.split() for text in output.values() for line in text.decode().splitlines()]
        self.assertEqual(sorted((int(k), int(n)) for n, k in lines), [(k, 40) for k in range(50)])

    def test_every_task_knows_what_it_is(self):
        names = ("GRISTMILL_STAGE GRISTMILL_TASK GRISTMILL_INPUT_FILE mapreduce_task_ismap "
                 "mapreduce_map_input_file map_input_start mapreduce_task_partition MINE").split()
        mapper = " ".join(["echo"] + [f"${{{n}-none}}" for n in names])
        reducer = "cat; echo $GRISTMILL_STAGE $GRISTMILL_PARTITION $GRISTMILL_PARTITIONS $mapreduce_job_reduces"
        output = self.run_everywhere(*self.flags(mapper=mapper, reducer=reducer, partitions=1, cmdenv="MINE=a b"))
        self.assertEqual(output["part-00000-of-00001"].decode(), "".join(
            f"map {i} {path} true {path} 0 {i} a b\t\n" for i, path in enumerate(self.inputs)) + "reduce 0 1 1\n")

    def test_counters_and_text_on_stderr(self):
        mapper = "awk '{ n++ } END { print \"reporter:counter:lines,seen,\" n > \"/dev/stderr\" }'; echo some text >&2"
        result = self.run_embedded(*self.flags(mapper=mapper))
        self.assertEqual(result.stderr.count("some text\n"), 3)
        job = self.cluster.submit("stream", "--output", self.directory / "c", *self.flags(mapper=mapper))
        self.assertEqual(self.cluster.wait(job)["state"], "JOB_STATE_SUCCEEDED")
        counters = {c["name"]: int(c["value"]) for c in self.cluster.json("counters", job)["counters"]}
        self.assertEqual(counters["lines.seen"], 15000)
        self.assertEqual(counters["input_records"], 15000)
        wait_for(lambda: "some text" in self.cluster.logs(), "the text in a worker's log")

    def test_a_mapper_that_reads_no_more_than_it_needs_is_no_error(self):
        path = self.directory / "in.txt"
        path.write_bytes(b"x" * 99 + b"\n" + b"y" * (5 << 20))
        output = self.run_everywhere(*self.flags([path], mapper="head -n 1"))
        self.assertEqual(list(output.values()), [b"x" * 99 + b"\n"])

    def test_a_program_that_fails_is_named_with_its_last_words(self):
        for args, needles in (
                (dict(mapper="echo no luck >&2; exit 3"), ["the mapper", "exited with code 3", "no luck"]),
                (dict(mapper="cat", reducer="kill -9 $$"), ["the reducer", "signal 9"]),
                (dict(mapper="nosuchprogram -x"), ["there is no program 'nosuchprogram'"]),
                (dict(mapper=f"{self.shared}/map.py"), ["map.py' is not executable"])):
            flags = self.flags(**args, max_attempts=2)
            embedded = self.run_embedded(*flags, check=False)
            remote = self.cluster.run("submit", "stream", "--output", self.out, *flags, "--wait", check=False)
            for result in (embedded, remote):
                self.assertEqual(result.returncode, 1, result.stderr)
                for needle in needles:
                    self.assertIn(needle, result.stderr)
                self.assertIn("failed 2 times", result.stderr)
            wait_for(lambda: not list(self.out.glob("*")), "the output to be removed")

    def test_a_program_that_fails_once_is_run_again(self):
        mark = self.directory / "mark"
        mapper = f"if mkdir {mark} 2>/dev/null; then exit 1; fi; cat"
        output = self.run_everywhere(*self.flags(mapper=mapper, reducer="cat", partitions=1))
        self.assertEqual(output["part-00000-of-00001"],
                         shell("LC_ALL=C sort | sed 's/$/\\t/'", input=self.joined()))

    def test_wrong_use_gets_a_sentence(self):
        for args, needle in (
                ([], "--mapper"),
                (["--mapper", "cat", "--sort", "-k1,1"], "--reducer"),
                (["--mapper", "cat", "--reducer", "cat", "--sort", "-k1,1q"], "'-k1,1q'"),
                (["--mapper", "cat", "--reducer", "cat", "--sort", "-k2,2nr"], "add --key-fields 2"),
                (["--mapper", "cat", "--reducer", "cat", "--partition-fields", "2"], "add --key-fields 2"),
                (["--mapper", "cat", "--key-fields", "2"], "--reducer"),
                (["--mapper", "cat", "--separator", "ab"], "one character"),
                (["--mapper", "cat", "--key-fields", "0"], "from 1 to"),
                (["--mapper", "cat", "--cmdenv", "A"], "NAME=VALUE"),
                (["--mapper", "cat", "--param", "mapper=cat"], "keep one of them"),
                (["--mapper", "cat", "--skip-bad-records", "1"], "--skip-bad-records")):
            result = self.run_embedded("--input", self.inputs[0], *args, check=False)
            self.assertEqual(result.returncode, 2, f"{args}: {result.stderr}")
            self.assertIn(needle, result.stderr)
            self.assertFalse(self.out.exists(), "output was left")
        result = subprocess.run([self.binary, "run", "wordcount", "--input", self.inputs[0], "--output", self.out,
                                 "--mapper", "cat"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--mapper is for the job 'stream'", result.stderr)

    def test_a_cancelled_job_leaves_no_process(self):
        mark = f"STREAM_MARK={self.directory.name}"
        # A child of the program, and one that left its process group.
        mapper = "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000"
        job = self.cluster.submit("stream", "--output", self.out,
                                  *self.flags(self.inputs[:1], mapper=mapper, cmdenv=mark))
        wait_for(lambda: len(processes_with(mark)) >= 2, "the programs to run")
        self.cluster.run("cancel", job)
        wait_for(lambda: not processes_with(mark), "the programs to be gone")

    def test_programs_do_not_outlive_a_worker_or_run_that_is_killed(self):
        mark = f"STREAM_MARK={self.directory.name}"
        flags = self.flags(self.inputs[:1], mapper="sleep 1000", cmdenv=mark)
        run = subprocess.Popen([self.binary, "run", "stream", "--output", self.out, *flags], stderr=subprocess.DEVNULL)
        wait_for(lambda: processes_with(mark), "the program to run")
        run.kill()
        run.wait()
        wait_for(lambda: not processes_with(mark), "the program to be gone")
        with_worker = Cluster(self.binary, workers=1, slots=1)
        self.addCleanup(with_worker.stop)
        with_worker.submit("stream", "--output", self.directory / "c", *flags)
        wait_for(lambda: processes_with(mark), "the program to run")
        with_worker.kill(next(p for n, p in with_worker.processes.items() if n != "coordinator"))
        wait_for(lambda: not processes_with(mark), "the program to be gone")

    def test_what_a_program_leaves_running_is_not_waited_for(self):
        for background, code in (("sleep 1000", 3), ("exec 3<&0; sleep 1000", 3)):
            result = self.run_embedded(*self.flags(
                self.inputs[:1], mapper=f"{background} & echo bad luck >&2; exit {code}", max_attempts=1), check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("exited with code 3; the end of its stderr:\n  bad luck", result.stderr)
        output = self.run_everywhere(*self.flags(self.inputs, mapper="sleep 1000 >/dev/null 2>&1 & cat"))
        self.assertEqual(b"".join(v for _, v in sorted(output.items())), self.joined())

    def test_a_program_hears_no_secrets_of_its_runner(self):
        self.cluster.run("submit", "stream", "--output", self.out, *self.flags(self.inputs[:1], mapper="env"), "--wait")
        names = [line.split(b"=")[0] for line in b"".join(read_output(self.out).values()).splitlines()]
        self.assertEqual([n for n in names if n.startswith(b"GRISTMILL_RUNNER_")], [b"GRISTMILL_RUNNER_MARK"])

    def test_a_program_short_of_memory_is_told_of_the_limit(self):
        job = self.cluster.run("submit", "stream", "--output", self.out, *self.flags(
            self.inputs[:1], mapper=f"'{sys.executable}' -c 'bytearray(10**11)'", max_attempts=1), "--wait", check=False)
        self.assertEqual(job.returncode, 1)
        self.assertRegex(job.stderr, r"no process may have more than \d+ MiB of memory.*--memory")

    def test_a_program_that_takes_too_long_is_killed(self):
        mark = f"STREAM_MARK={self.directory.name}"
        flags = self.flags(self.inputs[:1], mapper="sleep 1000", cmdenv=mark, task_timeout="300ms", max_attempts=1)
        embedded = self.run_embedded(*flags, check=False)
        remote = self.cluster.run("submit", "stream", "--output", self.out, *flags, "--wait", check=False)
        for result in (embedded, remote):
            self.assertEqual(result.returncode, 1)
            self.assertIn("300 ms", result.stderr)
        wait_for(lambda: not processes_with(mark), "the programs to be gone")

    def test_interrupts_of_an_embedded_run_leave_no_process(self):
        for signals in (1, 2):
            mark = f"STREAM_MARK={self.directory.name}-{signals}"
            run = subprocess.Popen([self.binary, "run", "stream", "--output", self.out, *self.flags(
                self.inputs[:1], mapper="sleep 1000 & sleep 1000", cmdenv=mark)], stderr=subprocess.PIPE)
            wait_for(lambda: len(processes_with(mark)) >= 2, "the programs to run")
            for _ in range(signals):
                run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(timeout=30), 130)
            run.stderr.close()
            wait_for(lambda: not processes_with(mark), "the programs to be gone")
            if signals == 1:  # a second one ends the run at once
                self.assertFalse(self.out.exists(), "output was left")


if __name__ == "__main__":
    WordPrograms.binary = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
