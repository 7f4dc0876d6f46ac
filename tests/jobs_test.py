#!/usr/bin/env python3
"""The jobs of the library that read the lines or records of one input, run in every way.

usage: jobs_test.py --binary PATH [--workers N] [--local-only] [unittest arguments, such as -k sort]
"""

import collections
import os
import random
import re
import time

from every_way import PARTITIONS, EveryWay, main, run_command
from job_data import lines_of, make_pairs, make_records, make_texts


class JobsTest(EveryWay):
    # --- wordcount ---

    def test_wordcount_equals_counting_in_python(self):
        texts = make_texts(self.input)
        counts = collections.Counter()
        for content in texts.values():
            counts.update(content.split())
        self.check("wordcount", [b"%s\t%d" % item for item in counts.items()])

    def test_wordcount_in_lower_case_equals_tr_sort_and_uniq(self):
        texts = make_texts(self.input)
        pipeline = r"tr '\t\v\f\r ' '[\n*]' | tr A-Z a-z | sort | uniq -c"
        stream = b"\n".join(texts.values())
        done = run_command(["sh", "-c", pipeline], input=stream, env={**os.environ, "LC_ALL": "C"})
        counted = (line.lstrip(b" ").split(b" ", 1) for line in done.stdout.split(b"\n")[:-1])
        self.check("wordcount", [word + b"\t" + count for count, word in counted if word], ["lower=true"])

    def test_wordcount_of_letters_equals_a_regular_expression_in_python(self):
        texts = make_texts(self.input)
        counts = collections.Counter()
        for content in texts.values():
            counts.update(re.findall(rb"[a-z]+", content.lower()))
        expected = [b"%s\t%d" % item for item in counts.items()]
        self.check("wordcount", expected, ["letters=true", "lower=yes"])

    # --- grep ---

    def test_grep_matches_equal_those_of_python(self):
        texts = make_texts(self.input)
        for pattern in (rb"[A-Z][a-e]+[0-9]?", "größer|(Ω|слово)[a-z]*".encode(), rb"q*"):
            with self.subTest(pattern=pattern):
                found = collections.Counter()
                for content in texts.values():
                    for line in lines_of(content):
                        found.update(m[0] for m in re.finditer(pattern, line) if m[0])
                self.assertTrue(found)
                self.check("grep", [b"%s\t%d" % item for item in found.items()], [f"pattern={pattern.decode()}"])

    def test_grep_lines_equal_those_of_python(self):
        texts = make_texts(self.input)
        found = collections.Counter()
        for content in texts.values():
            found.update(line for line in lines_of(content) if re.search(rb"^[ \t]*(alone|[A-M]\w*)", line))
        expected = [b"%s\t%d" % item for item in found.items()]
        self.check("grep", expected, [r"pattern=^[ \t]*(alone|[A-M]\w*)", "show=lines"])

    def test_grep_files_equal_those_of_python(self):
        texts = make_texts(self.input)
        expected = []
        for name, content in texts.items():
            matching = sum(1 for line in lines_of(content) if b"two" in line or b"zz" in line)
            if matching:
                expected.append(b"%s\t%d" % (os.fsencode(self.input / name), matching))
        self.check("grep", expected, ["pattern=two|zz", "show=files"])

    def test_grep_refuses_a_pattern_that_is_none(self):
        (self.input / "a.txt").write_bytes(b"a\n")
        self.refused("grep", ["--param", "pattern=(a"], "missing )")
        self.refused("grep", [], "'pattern'")
        self.refused("grep", ["--param", "pattern=a", "--param", "show=linse"], "linse")

    # --- invertedindex ---

    def test_invertedindex_equals_sets_in_python(self):
        texts = make_texts(self.input)
        files = collections.defaultdict(set)
        for name, content in texts.items():
            for word in content.split():
                files[word].add(os.fsencode(self.input / name))
        expected = [word + b"\t" + b",".join(sorted(paths)) for word, paths in files.items()]
        self.check("invertedindex", expected)

    # --- logscan ---

    def test_logscan_equals_sorting_in_python(self):
        chance = random.Random(11)
        times = collections.defaultdict(list)
        lines = []
        for i in range(40_000):
            path, seconds = f"/{int(chance.paretovariate(0.7)) % 300}", round(chance.lognormvariate(-3, 2), 6)
            times[path].append(seconds)
            lines.append(f'10.0.0.{i % 256} - - [25/Nov/2026:10:00:00 +0000] "GET {path}?q={i} HTTP/1.1" 200 {i} "-" "x y" '
                         f"{seconds:.6f}\n" + ("no log line\n" if i % 1000 == 0 else ""))
        (self.input / "access.log").write_text("".join(lines))
        flags = ["--input", str(self.input), "--param", "value=last", "--param", "top=25"]
        for parts in self.every_way("logscan", flags, [["--split-size", "64MiB"], ["--split-size", "77777"]]):
            top = sorted(times, key=lambda path: (-len(times[path]), path))[:25]
            lines = parts["part-00000-of-00001"].decode().splitlines()
            self.assertEqual([line.split("\t")[0] for line in lines], top)
            for path, line in zip(top, lines):
                requests, total, *quantiles = (float(field) for field in line.split("\t")[1].split(","))
                ordered = sorted(times[path])
                self.assertEqual(requests, len(ordered))
                self.assertAlmostEqual(total, sum(ordered), places=4)
                for percent, quantile in zip((50, 90, 99), quantiles):
                    exact = ordered[(len(ordered) * percent + 99) // 100 - 1]
                    self.assertLessEqual(abs(quantile - exact), 0.01 * exact + 1e-6)

    # --- sessions ---

    def test_sessions_equal_sorting_in_python(self):
        chance = random.Random(13)
        visits, lines = collections.defaultdict(list), []
        for i in range(30_000):
            host, zone = f"10.0.{int(chance.paretovariate(0.5)) % 40}.1", chance.choice([0, 2, -7])
            at = 1_764_000_000 + chance.randrange(400_000)
            when = time.strftime("%d/%b/%Y:%H:%M:%S", time.gmtime(at + zone * 3600))
            lines.append(f'{host} - - [{when} {zone:+03d}00] "GET /{i} HTTP/1.1" 200 1\n')
            visits[host].append((at, i))
            if i % 1000 == 0:
                lines.append("no log line\n" + lines[-1].replace("[", "[at "))
        (self.input / "access.log").write_text("".join(lines))
        expected = []
        for host, requests in visits.items():
            session = []
            for at, i in sorted(requests) + [(1 << 60, 0)]:
                if session and at - session[-1][0] > 300:
                    begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session[0][0]))
                    span = session[-1][0] - session[0][0]
                    expected.append(f"{host}\t{begin},{span},{len(session)},/{session[0][1]}".encode())
                    session = []
                session.append((at, i))
        self.check("sessions", expected, ["gap=300"])

    # --- sort ---

    def check_sorted(self, expected, params, memory):
        """Returns the partitions for each size of splits: their ranges depend on it, the concatenation
        does not."""
        flags = ["--input", str(self.input), "--partitions", str(PARTITIONS)]
        for param in params:
            flags += ["--param", param]
        sizes = [["--split-size", "64MiB"], ["--split-size", "333333"]]
        results = self.every_way("sort", flags, sizes, memory)
        for parts, size in zip(results, sizes):
            self.assertEqual(len(parts), PARTITIONS)
            self.assertTrue(b"".join(parts.values()) == expected, f"the sorted bytes are wrong with {size}")
        return results

    def test_sort_of_lines_equals_the_systems_sort(self):
        texts = make_texts(self.input)
        lines = [line for content in texts.values() for line in lines_of(content)]
        stream = b"".join(line + b"\n" for line in lines)
        done = run_command(["sort"], input=stream, env={**os.environ, "LC_ALL": "C"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_sorted(done.stdout, [], "32MiB")

    def test_sort_of_records_keeps_the_order_of_equal_keys(self):
        records = make_records(self.input)
        expected = b"".join(sorted(records, key=lambda record: record[:10]))
        for parts in self.check_sorted(expected, ["records=terasort"], "16MiB"):
            self.assertLess(max(map(len, parts.values())), 0.4 * len(expected), "the ranges are uneven")

    # --- distinct ---

    def test_distinct_equals_sets_in_python(self):
        values = collections.defaultdict(set)
        for line in make_pairs(self.input):
            key, _, value = line.partition(b"\t")
            values[key].add(value)
        self.check("distinct", [b"%s\t%d" % (key, len(seen)) for key, seen in values.items()])


if __name__ == "__main__":
    main(__doc__)
