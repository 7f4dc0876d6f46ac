#!/usr/bin/env python3
"""The jobs of the library of several stages or inputs, chains and joins, run in every way.

usage: stage_jobs_test.py --binary PATH [--workers N] [--local-only] [unittest arguments, such as -k join]
"""

import collections
import os
import random

from every_way import EveryWay, main, run_command


class StageJobsTest(EveryWay):
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


if __name__ == "__main__":
    main(__doc__)
