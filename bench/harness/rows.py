"""The rows of the table: what is run, against what, and what is aimed at."""

import dataclasses
import functools
import shutil

from . import data, disk, outputs, processes
from .measurements import Entry
from .processes import alternate
from .ratios import Spread, ratios_of

FIXED, REGEX = "chaitrou", "(st|th)ou[a-z]*tr[aeiou]+n"


@dataclasses.dataclass
class Bench:
    """What all rows share."""

    store: data.Data
    yardsticks: object
    scratch: object
    embedded: object
    cluster: object
    rounds: int
    quick: bool
    text: object = None  # given by the user
    threads: int = 2

    def subjects(self):
        return [self.embedded, self.cluster]

    def zipf_text(self):
        if self.text:
            return self.text
        if self.yardsticks.has("generate_text"):
            return self.generated_text("zipf1g.txt", data.GIB, 200_000, "1.0", 1)
        return self.store.file(
            "own-zipf256m.txt",
            lambda path: data.make_text(path, 256 * data.MIB, 200_000, zipf=True, seed=1))

    def generated_text(self, name, size, vocabulary, exponent, seed):
        generator = self.yardsticks.program("generate_text")
        return self.store.file(name, lambda path: processes.run(generator, size, vocabulary,
                                                                exponent, seed, path))

    def records(self):
        if self.yardsticks.has("generate_records"):
            generator = self.yardsticks.program("generate_records")
            return self.store.file("tera1g.dat", lambda path: processes.run(
                generator, data.GIB // 100, 1, path))
        return self.store.file("own-records256m.dat", lambda path: data.make_records(
            path, 256 * data.MIB, seed=1))


def against_yardstick(bench, row, title, yardstick_title, yardstick, job, as_yardstick, targets,
                      scale=1.0):
    """Measures both subjects against a yardstick: `yardstick()` returns its seconds and the files
    of its output. `scale`: a ratio is so many times that of the seconds."""
    verifier = outputs.Verifier()

    def run_yardstick():
        seconds, paths = yardstick()
        verifier.expect(paths)
        return seconds

    def run_subject(subject):
        finished, parts = subject.run(*job)
        verifier.check(parts, subject.title, as_yardstick)
        return finished.seconds

    runs = {"": run_yardstick}
    runs |= {s.name: functools.partial(run_subject, s) for s in bench.subjects()}
    alternate(1, runs)  # not measured: it warms caches and the cluster, and compares outputs
    times = alternate(bench.rounds, runs)
    return [Entry(row, title, s.name, s.title, yardstick_title, "×",
                  Spread.of(scale * r for r in ratios_of(times[s.name], times[""])),
                  targets[s.name], seconds=tuple(times[s.name]), yardstick_seconds=tuple(times[""]))
            for s in bench.subjects()]


def word_count(bench, row, title, text, program, mode, params, targets):
    yardstick = bench.yardsticks.program(program)
    data.warm(text)
    theirs, ours = bench.scratch / "counts.tsv", bench.scratch / "merged.tsv"

    def count():
        return processes.run(yardstick, text, bench.threads, mode, theirs).seconds, [theirs]

    job = ["wordcount", "--input", text, *(f"--param={p}=true" for p in params)]
    return against_yardstick(bench, row, title, program, count, job,
                             lambda parts: [outputs.merged(parts, ours)], targets)


def zipf_words(bench):
    text = bench.zipf_text()
    kind = "the given text" if bench.text else "Zipf text"
    title = f"word count, {text.stat().st_size / data.GIB:.2g} GiB of {kind}"
    return word_count(bench, "words", title, text, "wordcount_limit", "ws", [],
                      {"embedded": 1.5, "cluster": 2.0})


def kernel_words(bench):
    text = bench.store.file("kernel1g.txt", data.make_kernel_source)
    return word_count(bench, "kernel-words",
                      "word count, 1 GiB of kernel source, letters in lower case", text,
                      "wordcount_limit", "alpha", ["lower", "letters"],
                      {"embedded": 1.6, "cluster": 2.2})


def many_words(bench):
    text = bench.store.file("kernel1g.txt", data.make_kernel_source)
    return word_count(bench, "many-words",
                      "word count, kernel source at white space: 10 million words", text,
                      "wordcount_plain", "ws", [], {"embedded": 1 / 3, "cluster": 1 / 2.5})


def sort_records(bench):
    yardstick = bench.yardsticks.program("sort_limit")
    records = bench.records()
    data.warm(records)
    prefix = bench.scratch / "sorted"
    theirs = [bench.scratch / f"sorted.{i}" for i in range(bench.threads)]

    def sort():
        for path in theirs:  # as ours are: to cut a large file off takes its time
            path.unlink(missing_ok=True)
        return processes.run(yardstick, records, bench.threads, prefix).seconds, theirs

    job = ["sort", "--input", records, "--param=records=terasort"]
    title = f"sort, {records.stat().st_size / data.GIB:.2g} GiB of 100-byte records"
    return against_yardstick(bench, "sort", title, "sort_limit", sort, job, lambda parts: parts,
                             {"embedded": 1.7, "cluster": 2.5})


def large_sort(bench):
    """Sorts much more than the memory it may use, from the disk, against what the disk alone takes.
    Needs 25 GiB of it."""
    size = 8 * data.GIB // 100 * 100
    if bench.yardsticks.has("generate_records"):
        generator = bench.yardsticks.program("generate_records")
        records = bench.store.file("tera8g.dat", lambda path: processes.run(
            generator, size // 100, 1, path))
    else:
        records = bench.store.file("own-records8g.dat",
                                   lambda path: data.make_records(path, size, seed=1))
    sample, verifier = bench.records(), outputs.Verifier()
    data.warm(sample)

    def sort(subject):
        disk.evict(records)
        finished, parts = subject.run("sort", "--input", records, "--param=records=terasort",
                                      "--memory", "1GiB")
        verifier.expect(parts)  # the same from all
        shutil.rmtree(parts[0].parent)
        return finished.seconds

    runs = {"": lambda: disk.seconds_for(sample, bench.scratch, size)}
    runs |= {s.name: functools.partial(sort, s) for s in bench.subjects()}
    times = alternate(bench.rounds, runs)
    return [Entry("large-sort", "sort, 8 GiB of 100-byte records with 1 GiB of memory", s.name,
                  s.title, "disk alone", "×", Spread.of(ratios_of(times[s.name], times[""])), 1.3,
                  seconds=tuple(times[s.name]), yardstick_seconds=tuple(times[""]))
            for s in bench.subjects()]


def grep(bench, row, title, pattern, option, targets):
    """One grep for each thread, at once, on as many pieces of the text: the ratio is by core."""
    pieces = bench.store.pieces(bench.zipf_text(), bench.threads)
    data.warm(*pieces)
    theirs, ours = bench.scratch / "grep.tsv", bench.scratch / "grep-merged.tsv"
    commands = [["env", "LC_ALL=C", "grep", "-c", option, pattern, p] for p in pieces]

    def count():
        seconds, counts = processes.run_together(commands)
        theirs.write_text("".join(f"{p}\t{int(n)}\n" for p, n in zip(pieces, counts)))
        return seconds, [theirs]

    job = ["grep", "--input", *pieces, f"--param=pattern={pattern}", "--param=show=files"]
    return against_yardstick(bench, row, title, "GNU grep", count, job,
                             lambda parts: [outputs.merged(parts, ours)], targets)


def grep_fixed(bench):
    return grep(bench, "grep-fixed", "grep, a fixed string", FIXED, "-F",
                {"embedded": 1.3, "cluster": 1.5})


def grep_regex(bench):
    return grep(bench, "grep-regex", "grep, a regular expression", REGEX, "-E",
                {"embedded": 1.0, "cluster": 1.5})


def primes(bench):
    plain = bench.yardsticks.plain_primes()
    theirs, to = bench.scratch / "primes.tsv", 60_000_000 if bench.quick else 120_000_000

    def count():
        finished = processes.run(plain, to, bench.threads)
        theirs.write_text(finished.stdout)
        return finished.seconds, [theirs]

    return against_yardstick(bench, "primes", "primes, computing only", "plain loop", count,
                             ["primes", f"--param=to={to}"],
                             lambda parts: [outputs.merged(parts, bench.scratch / "primes-merged")],
                             {"embedded": 1.02, "cluster": 1.05})


def second_worker(bench):
    """How much a second worker brings, as a part of what a second plain process does."""
    plain = bench.yardsticks.plain_primes()
    to = 60_000_000 if bench.quick else 120_000_000
    job = ["primes", f"--param=to={to}"]

    def together(count):
        return processes.run_together([[plain, to, 1, i, count] for i in range(count)])[0]

    with type(bench.cluster).running(bench.embedded.binary, 1, bench.scratch) as one:
        runs = {"one": lambda: one.run(*job)[0].seconds,
                "two": lambda: bench.cluster.run(*job)[0].seconds,
                "plain one": lambda: together(1), "plain two": lambda: together(2)}
        alternate(1, runs)
        times = alternate(bench.rounds, runs)
    ours, theirs = ratios_of(times["one"], times["two"]), ratios_of(times["plain one"],
                                                                   times["plain two"])
    return [Entry("second-worker", "speed-up of a second worker", "cluster", bench.cluster.title,
                  "two plain processes", "×", Spread.of(ratios_of(ours, theirs)), 0.95,
                  more_is_better=True, seconds=tuple(times["two"]),
                  yardstick_seconds=tuple(times["plain two"]))]


def empty_tasks(bench):
    count = 100_000
    job = ["noop", "--splits", count, f"--param=to={count}"]
    runs = {s.name: lambda s=s: s.run(*job, output=False)[0].seconds for s in bench.subjects()}
    alternate(1, runs)
    times = alternate(bench.rounds, runs)
    return [Entry("empty-tasks", "100,000 empty tasks", s.name, s.title, "", "tasks/s",
                  Spread.of(count / t for t in times[s.name]), 50_000, more_is_better=True,
                  seconds=tuple(times[s.name]))
            for s in bench.subjects()]


def trivial_job(bench):
    text = bench.scratch / "trivial.txt"
    text.write_text("to be or not to be\n")
    job = ["wordcount", "--input", text]
    runs = {s.name: lambda s=s: s.run(*job)[0].seconds for s in bench.subjects()}
    alternate(2, runs)
    times = alternate(3 * bench.rounds, runs)
    targets = {"embedded": 30, "cluster": 60}
    return [Entry("trivial-job", "a trivial job", s.name, s.title, "", "ms",
                  Spread.of(1000 * t for t in times[s.name]), targets[s.name],
                  seconds=tuple(times[s.name]))
            for s in bench.subjects()]


def memory(bench):
    text, entries = bench.zipf_text(), []
    for subject, target in zip(bench.subjects(), (150, 250)):
        peaks = [subject.peak_bytes("wordcount", "--input", text)[0] for _ in range(bench.rounds)]
        entries.append(Entry("memory", "peak memory of that word count", subject.name,
                             subject.title, "", "MiB",
                             Spread.of(p / data.MIB for p in peaks), target))
    return entries


# Those that take minutes a round, which --quick leaves out unless they are named.
LONG = {"large-sort"}
# By name, in the order of the table.
ROWS = {"words": zipf_words, "kernel-words": kernel_words, "many-words": many_words,
        "sort": sort_records, "large-sort": large_sort, "grep-fixed": grep_fixed, "grep-regex": grep_regex,
        "primes": primes, "second-worker": second_worker, "empty-tasks": empty_tasks,
        "trivial-job": trivial_job, "memory": memory}
