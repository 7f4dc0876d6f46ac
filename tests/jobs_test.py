#!/usr/bin/env python3
"""Runs every job of the job library in many ways and compares the bytes.

Each job runs in one process with different numbers of threads, sizes of splits and amounts of
memory, then on a cluster of one worker and on one of several, on the same data with the same
flags. All outputs must be the same bytes, and must equal an answer worked out here by other means:
Python's own types, re, or the system's sort, tr and uniq.

usage: jobs_test.py --binary PATH [--workers N] [--local-only] [unittest arguments, such as -k sort]
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from cluster import read_output
from images import RED_JPEG, pixels_of_png, png_of, shrunk, size_of_jpeg
from job_data import lines_of, make_pairs, make_records, make_texts, rows_of_png

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
COMMAND_DEADLINE_S = 300
PARTITIONS = 3

options = argparse.Namespace(binary=None, workers=4, local_only=False)
scratch = None  # pathlib.Path of this run's temporary directory
clusters = {}  # "1 worker" -> address


def say(text):
    print(f"jobs_test: {text}", flush=True)


# --- running ------------------------------------------------------------------------------------


def run_command(command, **kwargs):
    return subprocess.run(command, capture_output=True, timeout=COMMAND_DEADLINE_S, **kwargs)


def local_cluster(verb, workers):
    directory = scratch / f"cluster-{workers}"
    command = [CHECKOUT / "deploy" / "local-cluster", verb, "--dir", directory]
    if verb == "start":
        command += ["--workers", str(workers), "--slots", "2", "--binary", options.binary]
    done = run_command(command, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"local-cluster {verb} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def setUpModule():
    global scratch
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-jobs-test-")).resolve()
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    say(f"working in {scratch}")
    if options.local_only:
        return
    for workers in sorted({1, options.workers}):
        unittest.addModuleCleanup(local_cluster, "stop", workers)
        exported = local_cluster("start", workers)
        address = re.search(r"GRISTMILL_COORDINATOR=(\S+)", exported)[1]
        clusters[f"{workers} worker{'s' if workers > 1 else ''}"] = address
        say(f"a cluster with workers: {workers} listens on {address}")


class JobsTest(unittest.TestCase):
    """One test a job and kind of data; each compares all the ways to run it with one answer."""

    maxDiff = 2000

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]
        self.directory = scratch / self.name
        self.input = self.directory / "input"
        self.input.mkdir(parents=True)
        self.outputs = 0

    def launch(self, subcommand, job, flags, environment=None):
        """Returns the finished process and the output directory."""
        self.outputs += 1
        output = self.directory / f"output-{self.outputs}"
        command = [options.binary, *subcommand, job, "--output", str(output), *flags]
        return run_command(command, env={**os.environ, **(environment or {})}), output

    def succeed(self, subcommand, job, flags, environment=None):
        done, output = self.launch(subcommand, job, flags, environment)
        self.assertEqual(done.returncode, 0, f"{done.args}\n{done.stderr.decode(errors='replace')}")
        parts = read_output(output)
        shutil.rmtree(output)
        return parts

    def every_way(self, job, flags, sizes, memory="32MiB"):
        """The output for each value of `sizes`, a list of flags that change how input is split. For
        one such value, all ways to run the job must leave the same files; returns them."""
        results = []
        for size in sizes:
            reference = self.succeed(["run"], job, [*flags, *size, "--threads", "1"])
            ways = {f"{t} threads, {memory}": ["run", "--threads", str(t), "--memory", memory] for t in (2, 5)}
            for way, (subcommand, *extra) in ways.items():
                self.assert_same(reference, self.succeed([subcommand], job, [*flags, *size, *extra]), way, size)
            for way, address in clusters.items():
                parts = self.succeed(
                    ["submit", "--wait"], job, [*flags, *size, "--memory", memory],
                    {"GRISTMILL_COORDINATOR": address},
                )
                self.assert_same(reference, parts, f"a cluster of {way}", size)
            say(f"{self.name}: {job} {' '.join(size)}: {len(ways) + len(clusters) + 1} runs agree, "
                f"{sum(map(len, reference.values()))} bytes in {len(reference)} files")
            results.append(reference)
        return results

    def assert_same(self, reference, parts, way, size):
        self.assertEqual(list(reference), list(parts), f"other files with {way}, {size}")
        for name, content in reference.items():
            self.assertTrue(content == parts[name], f"{name} has other bytes with {way}, {size}")

    def check(self, job, expected, params=(), sizes=(["--split-size", "64MiB"], ["--split-size", "77777"])):
        """Runs `job` on self.input in every way; the files must hold the lines `expected`, each
        partition sorted by key. `params`: "name=value"."""
        flags = ["--input", str(self.input), "--partitions", str(PARTITIONS)]
        for param in params:
            flags += ["--param", param]
        first, *others = self.every_way(job, flags, sizes)
        for other, size in zip(others, sizes[1:]):
            self.assert_same(first, other, "one thread", size)
        self.assertEqual(len(first), PARTITIONS)
        for name, content in first.items():
            keys = [line.rsplit(b"\t", 1)[0] for line in content.split(b"\n")[:-1]]
            self.assertEqual(keys, sorted(keys), f"{name} is not sorted by key")
        lines = sorted(b"".join(first.values()).split(b"\n")[:-1])
        self.assert_lines(sorted(expected), lines)

    def assert_lines(self, expected, actual):
        if expected == actual:
            return
        missing = list((collections.Counter(expected) - collections.Counter(actual)).elements())
        extra = list((collections.Counter(actual) - collections.Counter(expected)).elements())
        self.fail(f"{len(missing)} lines are missing, such as {[line[:200] for line in missing[:3]]}, and "
                  f"{len(extra)} are wrong, such as {[line[:200] for line in extra[:3]]}")

    def refused(self, job, flags, sentence):
        done, output = self.launch(["run"], job, ["--input", str(self.input), *flags])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(sentence, done.stderr.decode())
        self.assertFalse(output.exists(), f"a refused job left {output}")

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

    # --- chains ---

    def test_pagerank_equals_the_same_sums_in_python(self):
        chance = random.Random(5)
        edges = {(f"p{int(chance.paretovariate(0.6)) % 400}", f"p{int(chance.paretovariate(0.5)) % 500}")
                 for _ in range(4_000)}
        lines = ["# from to\n", "lonely\n"] + [f"{a}\t{b}\n" for a, b in sorted(edges)] * 2
        chance.shuffle(lines)
        (self.input / "graph.txt").write_text("".join(lines))
        links = collections.defaultdict(set, lonely=set())
        for a, b in edges:
            links[a].add(b)
            links[b]
        one, damping, rounds = 2**32, round(0.85 * 2**32), 0
        ranks, moved = {page: one for page in links}, one * len(links)
        while moved // len(links) > round(0.0001 * one):
            idle = sum(rank for page, rank in ranks.items() if not links[page]) // len(links)
            handed = collections.Counter()
            for page, rank in ranks.items():
                for i, to in enumerate(sorted(links[page])):
                    handed[to] += rank // len(links[page]) + (i < rank % len(links[page]))
            before, rounds = ranks, rounds + 1
            ranks = {page: ((one - damping) * one + damping * (handed[page] + idle)) >> 32 for page in links}
            moved = sum(abs(ranks[page] - before[page]) for page in links)
        self.assertGreater(rounds, 5)
        self.assertAlmostEqual(sum(ranks.values()) / one, len(links), places=2)
        text = lambda rank: "%d.%06d" % divmod((rank * 10**6 + 2**31) >> 32, 10**6)
        expected = [f"{page}\t{text(rank)}".encode() for page, rank in ranks.items()]
        self.check("pagerank", expected, [f"rounds={rounds + 5}"], (["--split-size", "64MiB"], ["--split-size", "30000"]))

    def test_kmeans_equals_the_same_rounds_in_python(self):
        chance = random.Random(8)
        points = [tuple(round(chance.gauss(10 * (i % 5) - 20, 2), 3) for _ in range(3)) for i in range(3_000)]
        (self.input / "points.csv").write_text("".join(",".join(map(str, p)) + "\n" for p in points))
        points = [tuple(round(x * 10**6) for x in p) for p in points]
        mask = 2**64 - 1
        def hash_of(point, hash=7):
            for x in point:
                hash = (hash + x + 0x9E3779B97F4A7C15) & mask
                hash = ((hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9) & mask
                hash = ((hash ^ (hash >> 27)) * 0x94D049BB133111EB) & mask
                hash ^= hash >> 31
            return hash
        centres = [(0, point) for _, point in sorted({(hash_of(p), p) for p in points})[:6]]
        before, rounds = None, 0
        while before is None or [c[1] for c in before] != [c[1] for c in centres]:
            before, groups, rounds = centres, [[] for _ in centres], rounds + 1
            for point in points:
                squares = [float(sum(float(a - b) ** 2 for a, b in zip(point, c[1]))) for c in centres]
                groups[squares.index(min(squares))].append(point)
            centres = [(len(g), tuple((2 * sum(xs) + len(g)) // (2 * len(g)) for xs in zip(*g))) for g in groups]
        self.assertGreater(rounds, 3)
        text = lambda x: "-" * (x < 0) + "%d.%06d" % divmod(abs(x), 10**6)
        expected = "".join(f"{i}\t{n}\t" + "\t".join(map(text, c)) + "\n" for i, (n, c) in enumerate(centres))
        flags = ["--input", str(self.input), "--param", "k=6", "--param", "seed=7", "--param", f"rounds={rounds + 3}"]
        for parts in self.every_way("kmeans", flags, [["--split-size", "64MiB"], ["--split-size", "9999"]]):
            self.assertEqual(b"".join(parts.values()).decode(), expected)

    def test_chains_refuse_what_they_can_not_do(self):
        (self.input / "points.csv").write_text("1,2\n")
        self.refused("kmeans", ["--param", "rounds=0"], "repeats a step 0 times")
        self.refused("kmeans", ["--param", "k=0"], "'k' must be from 1 to 1000")
        self.refused("pagerank", ["--param", "dampng=1"], "did you mean 'damping'?")

    # --- jobs without input files ---

    def check_range(self, job, params, expected):
        flags = ["--partitions", str(PARTITIONS)]
        for param in params:
            flags += ["--param", param]
        sizes = [["--splits", splits] for splits in ("1", "7", "64")]
        for parts in self.every_way(job, flags, sizes):
            self.assertEqual(b"".join(parts.values()), expected)

    def test_primes_equals_a_sieve_in_python(self):
        begin, end = 123_456, 1_500_000
        sieve = bytearray([1]) * end
        for n in range(2, int(end**0.5) + 1):
            if sieve[n]:
                sieve[n * n :: n] = bytes(len(range(n * n, end, n)))
        self.check_range("primes", [f"from={begin}", f"to={end}"], b"primes\t%d\n" % sum(sieve[begin:]))

    def test_pi_equals_the_same_points_in_python(self):
        seed, points, mask, inside = 42, 300_000, 2**64 - 1, 0
        for i in range(points):
            z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & mask
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
            inside += (z >> 33) ** 2 + (z & 0x7FFFFFFF) ** 2 < 2**62
        expected = f"pi\t{4 * inside / points!r},{inside},{points}\n".encode()
        self.check_range("pi", [f"seed={seed}", f"samples={points}"], expected)

    def test_mandelbrot_equals_the_same_points_in_python(self):
        width, height, iterations, span = 60, 40, 300, 3.6
        def colour(x, y):
            re, im = 0.0, 0.0
            for i in range(iterations):
                if re * re + im * im > 4:
                    return 1 + i % 255
                re, im = re * re - im * im + x, 2 * re * im + y
            return 0
        step = span / width
        expected = [bytes(colour(-0.6 + (column - width / 2) * step, (height / 2 - row) * step)
                          for column in range(width)) for row in range(height)]
        params = {"width": width, "height": height, "iterations": iterations, "span": span}
        flags = [word for name, value in params.items() for word in ("--param", f"{name}={value}")]
        for parts in self.every_way("mandelbrot", flags, [["--splits", splits] for splits in ("1", "7", "64")]):
            self.assertEqual(list(parts), ["part-00000-of-00001"])
            self.assertEqual(rows_of_png(parts["part-00000-of-00001"]), expected)

    # --- join ---

    def make_tables(self):
        """Two inputs of lines; what join(1) makes of them, and of left lines without a partner too."""
        chance = random.Random(19)
        (self.input / "right").mkdir()
        left = [b"%d\t%s\tl%d" % (i, b"k%d" % chance.randrange(3000), i) for i in range(20_000)] + [b"short", b"\t\t"]
        right = [b"%s\tr%d\tx" % (b"k%d" % (chance.randrange(400) * 10), i) for i in range(1500)] + [b"", b"k1"]
        chance.shuffle(left)
        for i in range(2):
            (self.input / f"left-{i}.txt").write_bytes(b"".join(line + b"\n" for line in left[i::2]))
            (self.input / "right" / f"right-{i}.txt").write_bytes(b"".join(line + b"\n" for line in right[i::2]))
        joined = {}
        for name, extra in (("inner", ""), ("left", "-a 1")):
            script = (f"grep -h '\t' {self.input}/left-*.txt | sort -s -t '\t' -k 2,2 > l; "
                      f"cat {self.input}/right/*.txt | sort -s -t '\t' -k 1,1 > r; join -t '\t' -1 2 -2 1 {extra} l r")
            done = run_command(["sh", "-c", script], cwd=self.directory,
                               env={**os.environ, "LC_ALL": "C"})
            self.assertEqual(done.returncode, 0, done.stderr)
            joined[name] = done.stdout
        return joined

    def join_flags(self, how, *params):
        flags = ["--input", f"left={self.input}/left-*.txt", "--input", f"right={self.input}/right",
                 "--param", f"how={how}", "--param", "left_field=2"]
        return flags + [word for param in params for word in ("--param", param)]

    def test_join_equals_join_of_sorted_files(self):
        joined = self.make_tables()
        for how in ("inner", "left"):
            flags = [*self.join_flags(how), "--partitions", "1"]
            for parts in self.every_way("join", flags, [["--split-size", "64MiB"], ["--split-size", "77777"]]):
                self.assertTrue(parts["part-00000-of-00001"] == joined[how], how)

    def test_join_semi_has_each_left_line_with_a_partner_once(self):
        self.make_tables()
        rights = {line.split(b"\t")[0] for f in (self.input / "right").iterdir() for line in f.read_bytes().splitlines()}
        expected = []
        for file in sorted(self.input.glob("left-*.txt")):
            for line in file.read_bytes().splitlines():
                fields = line.split(b"\t")
                if len(fields) > 1 and fields[1] in rights:
                    expected.append(b"\t".join([fields[1], fields[0], *fields[2:]]))
        for params in ([], ["broadcast=true"]):
            parts = self.succeed(["run"], "join", self.join_flags("semi", *params))
            self.assert_lines(sorted(expected), sorted(b"".join(parts.values()).split(b"\n")[:-1]))

    def test_join_by_broadcast_has_the_same_lines(self):
        joined = self.make_tables()
        for how in ("inner", "left"):
            flags = self.join_flags(how, "broadcast=true")
            for parts in self.every_way("join", flags, [["--split-size", "64MiB"], ["--split-size", "77777"]]):
                self.assert_lines(sorted(joined[how].split(b"\n")), sorted(b"".join(parts.values()).split(b"\n")))

    def test_join_refuses_wrong_use(self):
        self.make_tables()
        left = ["--input", f"left={self.input}/left-0.txt"]
        for flags, sentence in (
            ([*left, "--input", f"rigth={self.input}/right"], "'right'"),
            (left, "'right'"),
            ([*self.join_flags("outer")], "must be one of inner, left, semi"),
            ([*self.join_flags("inner"), "--param", "right_field=0"], "'right_field' of job 'join' must be 1 or more"),
            ([*self.join_flags("inner"), "--param", "separator=ab"], "'separator' of job 'join' must be one byte"),
            ([*self.join_flags("inner"), "--param", "sep=,"], "has no parameter 'sep'"),
        ):
            done, output = self.launch(["run"], "join", flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(sentence, done.stderr.decode())
            self.assertFalse(output.exists())

    # --- thumbnails ---

    def test_thumbnails_are_means_of_pixels_and_broken_images_are_listed(self):
        chance, expected = random.Random(17), {}
        for name, width, height in (("wide.png", 300, 100), ("high.png", 40, 161), ("small.png", 7, 5)):
            rows = [chance.randbytes(3 * width) for _ in range(height)]
            (self.input / name).write_bytes(png_of(width, rows))
            expected[name] = shrunk(rows, 32)
        whole = (self.input / "wide.png").read_bytes()
        (self.input / "short.png").write_bytes(whole[:len(whole) // 2])
        (self.input / "text.jpg").write_bytes(b"no image\n")
        (self.input / "red.jpg").write_bytes(RED_JPEG)
        flags = ["--input", str(self.input), "--param", "size=32"]
        for files in self.every_way("thumbnails", flags, [[]]):
            for name, rows in expected.items():
                self.assertEqual(pixels_of_png(files[name]), rows, name)
            self.assertEqual(size_of_jpeg(files["red.jpg"]), (32, 16))
            lines = b"".join(content for name, content in files.items() if name.startswith("part-")).decode()
            sizes = dict(line.split("\t") for line in lines.splitlines())
            self.assertEqual(sorted(sizes), ["high.png", "red.jpg", "small.png", "wide.png"])
            self.assertEqual(sizes["wide.png"], f"300,100,32,11,{len(files['wide.png'])}")
            self.assertTrue(sizes["red.jpg"].startswith("64,32,32,16,"), sizes)
            broken = b"".join(content for name, content in files.items() if name.startswith("broken-"))
            names = [line.split(b"\t")[0].rsplit(b"/", 1)[1] for line in broken.splitlines()]
            self.assertEqual(sorted(names), [b"short.png", b"text.jpg"])
            self.assertIn(b"text.jpg\tit is neither a JPEG nor a PNG image", broken)

    def test_thumbnails_of_one_name_fail_the_job(self):
        for place in ("a", "b"):
            (self.input / place).mkdir()
            (self.input / place / "red.jpg").write_bytes(RED_JPEG)
        done, _ = self.launch(["run"], "thumbnails", ["--input", str(self.input)])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), "(both wrote a file|wrote a file) 'red.jpg'")
        self.refused("thumbnails", ["--param", "size=0"], "'size' of job 'thumbnails' must be from 1 to 10000")

    def test_noop_writes_nothing(self):
        command = [options.binary, "run", "noop", "--splits", "50", "--threads", "3"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        begin = time.monotonic()
        subprocess.run([*command, "--param", "wait_ms=20"], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)
        self.assertGreater(time.monotonic() - begin, 50 / 3 * 0.02)
        too_long = subprocess.run([*command, "--param", "wait_ms=60001"], capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(too_long.returncode, 2, too_long.stderr)
        self.assertIn("'wait_ms' of job 'noop' must be at most 60000", too_long.stderr)
        refused = subprocess.run([*command, "--output", "/tmp/nowhere"], capture_output=True,
                                 text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("writes no output", refused.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=os.path.abspath, help="the gristmill to test")
    parser.add_argument("--workers", type=int, default=4, help="workers of the larger cluster (default: 4)")
    parser.add_argument("--local-only", action="store_true", help="leave the clusters out")
    _, rest = parser.parse_known_args(namespace=options)
    if not os.access(options.binary, os.X_OK):
        parser.error(f"{options.binary} is not a program; build it first")
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
