"""What bench/instructions counts and compares."""

import json
import pathlib
import re

from . import processes

# Counts vary by less from run to run; what is more is a change of the program.
CHANGED_MIN = 0.02
# The C library copies and compares memory by other instructions on other processors.
WORSE_MAX = 0.10


def parse_callgrind(text):
    """The instructions that callgrind's last lines tell."""
    found = re.search(r"Collected\s*:\s*(\d+)", text)
    if not found:
        raise processes.Failed(f"valgrind told no count of instructions: {text.strip()[-300:]}")
    return int(found.group(1))


def count(hot_loops, stage):
    """Instructions by unit of one pass more, and the unit: what starting and preparing take is in
    both counts, and so in neither."""
    totals = []
    for passes in (1, 2):
        finished = processes.run("bash", "-c", 'exec 2>&1; exec "$@"', "callgrind", "valgrind",
                                 "--tool=callgrind", "--callgrind-out-file=/dev/null", hot_loops,
                                 stage, passes)
        totals.append(parse_callgrind(finished.stdout))
    units, unit = re.search(r"^(\d+) (\w+)$", finished.stdout, re.MULTILINE).groups()
    return (totals[1] - totals[0]) / int(units), unit


def compiler_of(hot_loops):
    """The compiler's own words in the program: other compilers give other counts."""
    text = processes.run("readelf", "-p", ".comment", hot_loops).stdout
    return " / ".join(sorted(re.findall(r"\]\s+(GCC.*|.*clang.*)", text)))


def load(path):
    try:
        return json.loads(pathlib.Path(path).read_text())
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}; make it with --update") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not a baseline; make it anew with --update") from error


def compare(counted, baseline):
    """`counted` and the baseline: instructions by stage. Lines for people, and the stages that
    execute too much more than they did."""
    lines, worse = [], []
    for stage, now in counted.items():
        before = baseline.get(stage)
        if before is None:
            lines.append(f"{stage}: not in the baseline")
            continue
        change = now / before - 1
        if abs(change) >= CHANGED_MIN:
            lines.append(f"{stage}: {abs(change):.1%} {'more' if change > 0 else 'fewer'} than "
                         f"{before:.2f}")
        if change > WORSE_MAX:
            worse.append(stage)
    return lines, worse
