"""Time against the size of the problem: linear or better, or it is a defect."""

import json

from . import charts, data
from .processes import alternate
from .ratios import Spread, steepest_step

# A step whose time grows by more than this times what its size grows by is a cliff.
STEP_MAX = 1.25
PIECE = 64 * data.MIB


def _times(bench, subjects, job, output=True):
    """The spread of each subject's seconds."""
    runs = {s.name: lambda s=s: s.run(*job, output=output)[0].seconds for s in subjects}
    times = alternate(bench.rounds, runs)
    return {name: Spread.of(values) for name, values in times.items()}


def _series(bench, sizes, job_of, subjects=None, output=True, say=None):
    """By subject the list of (size, Spread)."""
    lines, subjects = {}, subjects or bench.subjects()
    for subject in subjects:
        subject.run(*job_of(sizes[0]), output=output)  # not measured: it warms what is cold
    for size in sizes:
        for name, spread in _times(bench, subjects, job_of(size), output).items():
            lines.setdefault(name, []).append((size, spread))
            say(f"{size:,}: {name} {spread.median:.2f} s")
    return lines


def _powers(low, high, factor):
    sizes = [low]
    while sizes[-1] * factor <= high:
        sizes.append(sizes[-1] * factor)
    return sizes


def _linked(bench, pieces, count, name):
    """A directory of `count` links to the pieces in turn: input of any size without the disk."""
    directory = bench.scratch / f"{name}-{count}"
    if not directory.exists():
        directory.mkdir()
        for i in range(count):
            (directory / f"piece-{i:04}").symlink_to(pieces[i % len(pieces)])
    return directory


def text_bytes(bench, say):
    text = bench.zipf_text()
    pieces = bench.store.pieces(text, max(1, text.stat().st_size // PIECE))
    data.warm(*pieces)
    counts = _powers(1, 16 if bench.quick else 128, 2)
    lines = _series(bench, [c * 64 for c in counts], lambda mib: [
        "wordcount", "--input", _linked(bench, pieces, mib // 64, "text")], say=say)
    return "word count by MiB of input", "MiB", lines


def record_bytes(bench, say):
    records = bench.records()
    step = PIECE // 100 * 100
    pieces = [bench.store.file(f"{records.name}.{i + 1}-of-16", lambda out, i=i: data.copy_range(
        records, i * step, (i + 1) * step, out))
        for i in range(min(16, records.stat().st_size // step))]
    data.warm(*pieces)
    counts = _powers(1, 16 if bench.quick else 128, 2)
    lines = _series(bench, [c * 64 for c in counts], lambda mib: [
        "sort", "--input", _linked(bench, pieces, mib // 64, "records"),
        "--param=records=terasort"], say=say)
    return "sort by MiB of input", "MiB", lines


def distinct_keys(bench, say):
    def text(keys):
        name = f"keys-{keys}.txt"
        if bench.yardsticks.has("generate_text"):
            return bench.generated_text(name, 256 * data.MIB, keys, "0.0", 3)
        return bench.store.file("own-" + name, lambda path: data.make_text(
            path, 256 * data.MIB, keys, zipf=False, seed=3))

    lines = _series(bench, _powers(100, 1_000_000 if bench.quick else 10_000_000, 10),
                    lambda keys: ["wordcount", "--input", text(keys)], say=say)
    return "word count of 256 MiB by distinct words", "distinct words", lines


def partitions(bench, say):
    text = bench.store.beginning(bench.zipf_text(), 256 * data.MIB)
    data.warm(text)
    lines = _series(bench, [1, 4, 16, 64, 250, 1000], lambda n: [
        "wordcount", "--input", text, "--partitions", n], say=say)
    return "word count of 256 MiB by partitions", "partitions", lines


def tasks(bench, say):
    lines = _series(bench, _powers(1, 100_000 if bench.quick else 1_000_000, 10), lambda n: [
        "noop", "--splits", n, f"--param=to={n}"], output=False, say=say)
    return "empty tasks", "tasks", lines


SERIES = {"text": text_bytes, "records": record_bytes, "keys": distinct_keys,
          "partitions": partitions, "tasks": tasks}


def verdicts(name, lines):
    """A sentence for each subject, and whether all grow as they may."""
    sentences, good = [], True
    for who, line in lines.items():
        step = steepest_step([(n, spread.median) for n, spread in line])
        if step is None:
            continue
        factor, at = step
        good &= factor <= STEP_MAX
        sentences.append(
            f"{name}, {who}: {line[0][1].median:.2f} s at {line[0][0]:,} to "
            f"{line[-1][1].median:.2f} s at {line[-1][0]:,}; the steepest step, to {at:,}, takes "
            f"{factor:.2f} of what linear growth would"
            f"{'' if factor <= STEP_MAX else f', and {STEP_MAX} is the most: a cliff'}")
    return sentences, good


def run(args, say, header):
    from .suite import open_bench  # which knows the names of the series

    results, good = {}, True
    args.output.mkdir(parents=True, exist_ok=True)
    args.rounds = args.rounds or (1 if args.quick else 3)
    with open_bench(args, say) as bench:
        for name in args.rows:
            say(f"{name}:")
            try:
                title, x_title, lines = SERIES[name](bench, say)
            except data.Unavailable as reason:
                say(f"not measured: {reason}")
                continue
            sentences, fine = verdicts(title, lines)
            good &= fine
            print("\n".join(sentences), flush=True)
            (args.output / f"growth-{name}.svg").write_text(
                charts.growth_chart(title, x_title, lines))
            results[name] = {who: [[n, s.median, s.low, s.high] for n, s in line]
                             for who, line in lines.items()}
    (args.output / "growth.json").write_text(
        json.dumps({"schema": 1, **header, "series": results}, indent=1) + "\n")
    say(f"wrote {args.output}/growth.json and a chart for each series")
    return 0 if good else 1
