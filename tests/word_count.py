"""Texts of a test, and the counts of their words by a program that nobody doubts."""

import collections
import random


def make_text(directory, files=4, lines=400, seed=1):
    rng = random.Random(seed)
    words = [f"w{rng.randrange(10 ** rng.randrange(1, 5))}" for _ in range(2000)]
    paths = []
    for i in range(files):
        path = directory / f"in-{i}.txt"
        path.write_text("".join(" ".join(rng.choices(words, k=9)) + "\n" for _ in range(lines)))
        paths.append(path)
    return paths


def count_words(paths):
    return collections.Counter(w for p in paths for w in p.read_bytes().split())


def parse_counts(output):
    pairs = [line.split(b"\t") for data in output.values() for line in data.splitlines()]
    assert len({word for word, _ in pairs}) == len(pairs), "a key is in two partitions"
    return {word: int(count) for word, count in pairs}
