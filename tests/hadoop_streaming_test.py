#!/usr/bin/env python3
"""Command lines of Hadoop Streaming, from outside: as scripts have them, and those of its guide.

usage: hadoop_streaming_test.py GRISTMILL [unittest arguments]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from cluster import read_output
from word_programs import WordPrograms


class HadoopStreamingTest(WordPrograms):
    def test_command_lines_of_hadoop_streaming_run_as_they_are(self):
        expected = self.counted()
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
                return subprocess.run([self.binary, "hadoop", *map(str, args), *more], cwd=self.shared, env=environment,
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
        version = subprocess.run([self.binary, "hadoop", "version"], capture_output=True, text=True, timeout=60)
        self.assertIn("Gristmill", version.stdout)

    def hadoop_streaming(self, *args):
        """Runs a command line of Hadoop Streaming in one process; returns the lines of its output, sorted."""
        environment = {k: v for k, v in os.environ.items() if k != "GRISTMILL_COORDINATOR"}
        shutil.rmtree(self.out, ignore_errors=True)
        result = subprocess.run([self.binary, "hadoop", "jar", "hadoop-streaming.jar", *map(str, args)], cwd=self.shared,
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


if __name__ == "__main__":
    WordPrograms.binary = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
