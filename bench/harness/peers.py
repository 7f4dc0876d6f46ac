"""Other programs that people would use for the same work, those that are found. Each gets the same
input and its output is compared with Gristmill's."""

import importlib.util
import pathlib
import shutil
import sys

from . import data, outputs, processes
from .measurements import Entry
from .processes import alternate
from .ratios import Spread, ratios_of

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "peers"
MODULES = {"multiprocessing": "Python multiprocessing", "duckdb": "DuckDB", "dask.bag": "Dask",
           "ray": "Ray", "pyspark": "PySpark"}
MAWK = '{for (i = 1; i <= NF; i++) n[$i]++} END {for (w in n) print w "\\t" n[w]}'
BYTES_QUICK = 64 * data.MIB


def _has_module(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package around it
        return False


def word_counters(text, threads, out):
    """The command of each installed peer, by name. Each writes words and counts, sorted, to out."""
    commands = {}
    sort = f"sort --parallel={threads} -S 1G"
    if shutil.which("mawk"):
        commands["mawk"] = f"mawk '{MAWK}' '{text}' | {sort} > '{out}'"
    if all(map(shutil.which, ("tr", "sort", "uniq", "sed"))):
        commands["GNU coreutils"] = (
            f"tr -s ' ' '\\n' < '{text}' | {sort} | uniq -c | "
            f"sed -E 's/^ *([0-9]+) (.*)/\\2\\t\\1/' > '{out}'")
    for module, title in MODULES.items():
        if _has_module(module):
            script = SCRIPTS / f"words_{module.split('.')[0]}.py"
            commands[title] = f"'{sys.executable}' '{script}' '{text}' {threads} '{out}'"
    return commands


def sorters(records, threads, out):
    """The same for sorting 100-byte records, which end in line feeds, by their first 10 bytes."""
    if not shutil.which("sort"):
        return {}
    return {"GNU sort": f"sort -s -t '\001' -k1.1,1.10 --parallel={threads} -S 4G '{records}' "
                        f"> '{out}'"}


def _measure(bench, row, title, commands, job, in_one_file, out):
    """Each command in turn, in alternation with `gristmill run`."""
    entries = []
    for name, command in commands.items():
        def peer(command=command):
            return processes.run("bash", "-o", "pipefail", "-c", command,
                                 env={"LC_ALL": "C", "TMPDIR": str(bench.scratch)}).seconds

        def ours(name=name):
            finished, parts = bench.embedded.run(*job)
            if out.exists():
                outputs.same_bytes(in_one_file(parts), [out], f"gristmill against {name}")
            return finished.seconds

        rounds = 1 if bench.quick else bench.rounds
        out.unlink(missing_ok=True)
        alternate(1, {"": ours})
        times = alternate(rounds, {"peer": peer, "": ours})
        outputs.same_bytes(in_one_file(bench.embedded.run(*job)[1]), [out],
                           f"gristmill against {name}")
        entries.append(Entry(row, title, bench.embedded.name, bench.embedded.title, name, "×",
                             Spread.of(ratios_of(times[""], times["peer"])),
                             seconds=tuple(times[""]), yardstick_seconds=tuple(times["peer"])))
    return entries


def words(bench):
    text = bench.zipf_text()
    if bench.quick:
        text = bench.store.beginning(text, BYTES_QUICK)
    data.warm(text)
    out = bench.scratch / "peer.tsv"
    size = text.stat().st_size / data.MIB
    return _measure(bench, "peers-words", f"word count, {size:.0f} MiB of text, beside others",
                    word_counters(text, bench.threads, out), ["wordcount", "--input", text],
                    lambda parts: [outputs.merged(parts, bench.scratch / "merged.tsv")], out)


def records(bench):
    records_file = bench.records()
    if bench.quick:
        size = BYTES_QUICK // 100 * 100
        records_file = bench.store.file(
            f"{records_file.name}.first-{size}",
            lambda out, source=records_file: data.copy_range(source, 0, size, out))
    data.warm(records_file)
    out = bench.scratch / "peer.sorted"
    size = records_file.stat().st_size / data.MIB
    return _measure(bench, "peers-sort", f"sort, {size:.0f} MiB of 100-byte records, beside others",
                    sorters(records_file, bench.threads, out),
                    ["sort", "--input", records_file, "--param=records=terasort"],
                    lambda parts: parts, out)


ROWS = {"peers-words": words, "peers-sort": records}
