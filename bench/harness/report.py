"""The table for the terminal, the JSON for machines, and the comparison of two of them."""

import dataclasses
import json
import os
import pathlib
import platform
import subprocess

from .measurements import Missing, worse_by
from .ratios import Spread

SCHEMA = 1
WORSE_MAX = 1.15
HEADINGS = ("WHAT", "WHO", "TIME", "AGAINST", "VALUE", "RANGE", "TARGET", "")


def describe_machine():
    model = platform.processor() or platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**30),
            "system": f"{platform.system()} {platform.release()}"}


def commit_of(checkout):
    git = subprocess.run(["git", "-C", str(checkout), "describe", "--always", "--dirty"],
                         capture_output=True, text=True, check=False)
    return git.stdout.strip()


def _number(value, unit):
    """With as many digits as tell something."""
    if unit == "×":
        return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _seconds(seconds):
    if not seconds:
        return ""
    median = Spread.of(seconds).median
    return f"{median:.2f} s" if median >= 0.2 else f"{1000 * median:.0f} ms"


def row_of(entry):
    """The cells of an entry."""
    spread, unit = entry.spread, entry.unit
    target = verdict = ""
    if entry.target is not None:
        target = f"{'≥' if entry.more_is_better else '≤'} {_number(entry.target, unit)}"
        verdict = "met" if entry.met() else "missed"
    against = ", ".join(filter(None, [entry.against, _seconds(entry.yardstick_seconds)]))
    return [entry.title, entry.who_title, _seconds(entry.seconds), against,
            f"{_number(spread.median, unit)} {unit}",
            f"{_number(spread.low, unit)} – {_number(spread.high, unit)}", target, verdict]


def render_table(results):
    """A line for each entry; what a line has in common with the one above it is left out."""
    lines, missing, above = [list(HEADINGS)], [], None
    for result in results:
        if isinstance(result, Missing):
            missing.append(f"Not measured: {result.title}: {result.reason}.")
            continue
        cells = row_of(result)
        if result.title == above:
            cells[0] = ""
        above = result.title
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    right = {2, 4, 6}
    text = "\n".join(
        "  ".join(c.rjust(w) if i in right else c.ljust(w)
                  for i, (c, w) in enumerate(zip(line, widths))).rstrip() for line in lines)
    return "\n".join([text, *missing]) + "\n"


def to_json(results, header):
    measured = []
    for result in results:
        if isinstance(result, Missing):
            continue
        entry = dataclasses.asdict(result)
        entry["key"], entry["met"] = result.key(), result.met()
        measured.append(entry)
    left_out = [dataclasses.asdict(r) for r in results if isinstance(r, Missing)]
    return json.dumps({"schema": SCHEMA, **header, "entries": measured, "missing": left_out},
                      indent=1, ensure_ascii=False) + "\n"


def load_baseline(path):
    """Medians by key. ValueError with a sentence if the file is no report."""
    try:
        report = json.loads(pathlib.Path(path).read_text())
        if report["schema"] != SCHEMA:
            raise ValueError(f"{path} was written by another version of bench/run; make it anew")
        return {e["key"]: e["spread"]["median"] for e in report["entries"]}
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}; give the JSON file of an earlier "
                         "run") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a report of bench/run; give the JSON file of an earlier "
                         "run") from error


def compare(results, baseline):
    """Lines that tell how each entry stands to its baseline, and the rows that are too much worse:
    by row, in order."""
    lines, regressed = [], []
    for entry in results:
        if isinstance(entry, Missing):
            continue
        base = baseline.get(entry.key())
        if base is None:
            lines.append(f"{entry.key()}: not in the baseline")
            continue
        name = entry.key().rstrip("/")  # what is measured against nothing ends with one
        factor = worse_by(entry, base)
        too_slow = factor > WORSE_MAX
        lines.append(f"{name}: {_number(entry.spread.median, entry.unit)} {entry.unit}, was "
                     f"{_number(base, entry.unit)}: "
                     f"{abs(factor - 1):.0%} {'worse' if factor > 1 else 'better'}"
                     f"{', which is too much' if too_slow else ''}")
        if too_slow and entry.row not in regressed:
            regressed.append(entry.row)
    return lines, regressed
