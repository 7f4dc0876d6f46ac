#!/usr/bin/env python3
"""Programs as mapper and reducer, from outside: against sort(1), awk and plain pipes, in one process and on a cluster.

usage: stream_test.py GRISTMILL [unittest arguments]
"""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, read_output, wait_for

BINARY = None

MAP_PY = """\
import sys
for line in sys.stdin:
    for word in line.split():
        print(word, 1, sep="\\t")
"""
REDUCE_PY = """\
import sys
key, n = None, 0
for line in sys.stdin:
    word, count = line.rstrip("\\n").split("\\t")
    if word != key:
        if key is not None:
            print(key, n, sep="\\t")
        key, n = word, 0
    n += int(count)
if key is not None:
    print(key, n, sep="\\t")
"""


def shell(command, **kwargs):
    """What the command prints, in the C locale."""
    return subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True,
                          env={**os.environ, "LC_ALL": "C"}, **kwargs).stdout


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


class StreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-stream-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.cluster = Cluster(BINARY, workers=2, slots=2)
        cls.addClassCleanup(cls.cluster.stop)
        (cls.shared / "map.py").write_text(MAP_PY)
        (cls.shared / "reduce.py").write_text(REDUCE_PY)
        rng = random.Random(7)
        cls.inputs = []
        for name in ("a", "b", "c"):
            path = cls.shared / f"{name}.txt"
            path.write_text("".join(
                " ".join(f"w{rng.randrange(2000)}" for _ in range(rng.randrange(12))) + "\n"
                for _ in range(5000)))
            cls.inputs.append(path)

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="case-", dir=self.shared))
        self.out = self.directory / "out"

    def run_embedded(self, *args, out=None, check=True):
        result = subprocess.run([BINARY, "run", "stream", "--output", out or self.out, *map(str, args)],
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

    def joined(self):
        return shell("cat " + " ".join(map(str, self.inputs)))

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
        expected = shell(f"{sys.executable} map.py | sort -s -t'\t' -k1,1 | {sys.executable} reduce.py",
                         input=self.joined(), cwd=self.shared)
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
            result = subprocess.run([BINARY, "run", "stream", "--output", self.out, "--max-attempts", "1", *args],
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
        result = subprocess.run([BINARY, "run", "wordcount", "--input", self.inputs[0], "--output", self.out,
                                 "--mapper", "cat"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--mapper is for the job 'stream'", result.stderr)

    def test_command_lines_of_hadoop_streaming_run_as_they_are(self):
        expected = shell(f"{sys.executable} map.py | sort -s -t'\t' -k1,1 | {sys.executable} reduce.py",
                         input=self.joined(), cwd=self.shared)
        for name, coordinator in (("embedded", None), ("cluster", self.cluster.address)):
            environment = {k: v for k, v in os.environ.items() if k != "GRISTMILL_COORDINATOR"}
            if coordinator:
                environment["GRISTMILL_COORDINATOR"] = coordinator
            out = self.directory / name
            args = ["jar", "/opt/hadoop/hadoop-streaming-3.3.6.jar", "-D", "mapreduce.job.reduces=1",
                    "-D", "mapreduce.job.name=words", "-files", "map.py,reduce.py", "-input", f"{self.shared}/*.txt",
                    "-output", out, "-mapper", f"{sys.executable} map.py", "-combiner", f"{sys.executable} reduce.py",
                    "-reducer", f"{sys.executable} reduce.py"]

            def hadoop(*more):
                return subprocess.run([BINARY, "hadoop", *map(str, args), *more], cwd=self.shared, env=environment,
                                      capture_output=True, text=True, timeout=120)
            result = hadoop()
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout, "")
            self.assertEqual(read_output(out), {"part-00000-of-00001": expected})
            # What programs that drive Hadoop look for.
            job = re.search(r"INFO mapreduce.Job: Running job: (job_\w+)\n", result.stderr).group(1)
            self.assertIn("INFO mapreduce.Job:  map 100% reduce 100%\n", result.stderr)
            self.assertIn(f"INFO mapreduce.Job: Job {job} completed successfully\n", result.stderr)
            self.assertRegex(result.stderr, r"INFO mapreduce.Job: Counters: \d+\n\tJob Counters \n\t\tLaunched map tasks=\d")
            self.assertIn(f"INFO streaming.StreamJob: Output directory: {out}\n", result.stderr)
            self.assertEqual(hadoop().returncode, 1, "the output is there already")
            result = hadoop("-inputformat", "SequenceFileAsTextInputFormat")
            self.assertEqual(result.returncode, 1)
            self.assertIn("SequenceFileAsTextInputFormat is a class that is not here", result.stderr)
        version = subprocess.run([BINARY, "hadoop", "version"], capture_output=True, text=True, timeout=60)
        self.assertIn("Gristmill", version.stdout)

    def hadoop_streaming(self, *args):
        """Runs a command line of Hadoop Streaming in one process; returns the lines of its output, sorted."""
        environment = {k: v for k, v in os.environ.items() if k != "GRISTMILL_COORDINATOR"}
        shutil.rmtree(self.out, ignore_errors=True)
        result = subprocess.run([BINARY, "hadoop", "jar", "hadoop-streaming.jar", *map(str, args)], cwd=self.shared,
                                env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, f"{args}: {result.stderr}")
        return sorted(b"".join(read_output(self.out).values()).decode().splitlines())

    def test_command_lines_of_the_guide_to_hadoop_streaming_do_what_it_says(self):
        keys = self.directory / "keys.txt"
        keys.write_text("11.12.1.2\n11.14.2.3\n11.11.4.1\n11.12.1.1\n11.14.2.2\n")
        lines = sorted(keys.read_text().splitlines())
        io = ["-input", keys, "-output", self.out]
        dots = ["-D", "stream.map.output.field.separator=.", "-D", "stream.num.map.output.key.fields=4",
                "-D", "map.output.key.field.separator=."]
        identity = ["-mapper", "org.apache.hadoop.mapred.lib.IdentityMapper",
                    "-reducer", "org.apache.hadoop.mapred.lib.IdentityReducer"]

        def stripped(lines):
            return sorted(line.rstrip("\t") for line in lines)
        # A program, and a class, as mapper and reducer.
        self.assertEqual(self.hadoop_streaming(*io, "-mapper", "/bin/cat", "-reducer", "/usr/bin/wc")[0].split()[0], "5")
        self.assertEqual(stripped(self.hadoop_streaming(*io, *identity)), lines)
        # Options of the job, and without reduce tasks.
        self.assertEqual(self.hadoop_streaming("-D", "mapreduce.job.reduces=0", *io, "-mapper", "cat"), lines)
        self.assertEqual(self.hadoop_streaming(*io, "-mapper", "/bin/cat", "-numReduceTasks", "0"), lines)
        # Partitions by two fields of the key: what has these in common comes to one file.
        self.hadoop_streaming(*dots, "-D", "mapred.text.key.partitioner.options=-k1,2", "-D", "mapred.reduce.tasks=12",
                              *io, *identity, "-partitioner", "org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner")
        homes = {}
        for name, content in read_output(self.out).items():
            for line in content.decode().splitlines():
                homes.setdefault(".".join(line.split(".")[:2]), set()).add(name)
        self.assertEqual({key: len(names) for key, names in homes.items()}, {"11.11": 1, "11.12": 1, "11.14": 1})
        # Sorted by a field, downwards.
        self.hadoop_streaming("-D", "mapreduce.job.output.key.comparator.class="
                              "org.apache.hadoop.mapreduce.lib.partition.KeyFieldBasedComparator", *dots,
                              "-D", "mapreduce.partition.keycomparator.options=-k2,2nr", "-D", "mapreduce.job.reduces=1",
                              *io, *identity)
        output = read_output(self.out)["part-00000-of-00001"].decode().splitlines()
        self.assertEqual([line.split(".")[1] for line in output], ["14", "14", "12", "12", "11"])
        # Aggregate: of every function.
        mapper = self.directory / "aggregator.py"
        mapper.write_text("#!/usr/bin/env python3\nimport sys\nfor line in sys.stdin:\n    a, b, c, d = line.strip().split('.')\n"
                          "    for f in ('LongValueSum', 'LongValueMax', 'LongValueMin', 'UniqValueCount', 'StringValueMax'):\n"
                          "        print(f'{f}:{f[:5]}{f[-3:]} of {b}\\t{d}')\n")
        mapper.chmod(0o755)
        self.assertEqual(self.hadoop_streaming("-D", "mapreduce.job.reduces=2", *io, "-mapper", "aggregator.py",
                                               "-reducer", "aggregate", "-file", mapper),
                         sorted(f"{name} of {b}\t{value}" for b, d in (("11", [1]), ("12", [2, 1]), ("14", [3, 2]))
                                for name, value in (("LongVSum", sum(d)), ("LongVMax", max(d)), ("LongVMin", min(d)),
                                                    ("UniqVunt", len(d)), ("StrinMax", max(d)))))
        # Keys and values as input; a variable; files under another name.
        keys.write_text("a\t1\nno tab\n")
        self.assertEqual(self.hadoop_streaming(
            *io, "-inputformat", "org.apache.hadoop.mapred.KeyValueTextInputFormat", "-mapper", "cat",
            "-numReduceTasks", "0"), ["a\t1", "no tab\t"])
        self.assertEqual(self.hadoop_streaming(*io, "-cmdenv", "EXAMPLE_DIR=/home/example/dictionaries/", "-mapper",
                                               "echo $EXAMPLE_DIR", "-numReduceTasks", "0"),
                         ["/home/example/dictionaries/"])
        self.assertEqual(self.hadoop_streaming("-files", f"{mapper}#agg", *io, "-mapper", "ls agg", "-numReduceTasks", "0"),
                         ["agg"])

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
        run = subprocess.Popen([BINARY, "run", "stream", "--output", self.out, *flags], stderr=subprocess.DEVNULL)
        wait_for(lambda: processes_with(mark), "the program to run")
        run.kill()
        run.wait()
        wait_for(lambda: not processes_with(mark), "the program to be gone")
        with_worker = Cluster(BINARY, workers=1, slots=1)
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
            run = subprocess.Popen([BINARY, "run", "stream", "--output", self.out, *self.flags(
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
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
