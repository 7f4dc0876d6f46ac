"""Puts the parts together: what is measured with, and the rows one after the other."""

import contextlib
import time

from . import growth, peers, processes, rows, subjects
from .data import Data, Unavailable
from .measurements import Missing
from .yardsticks import Yardsticks

ROUNDS, ROUNDS_QUICK = 9, 3
ALL_ROWS = {**rows.ROWS, **peers.ROWS}


def names(what, quick=False):
    if what == "growth":
        return list(growth.SERIES)
    return [name for name in ALL_ROWS if not (quick and name in rows.LONG)]


@contextlib.contextmanager
def open_bench(args, say):
    """Everything that rows share; stops the cluster and removes outputs at the end."""
    store = Data(args.data, say)
    if args.text and not args.text.is_file():
        raise processes.Failed(f"--text {args.text}: there is no such file; name a text file")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(store.scratch())
        cluster = stack.enter_context(
            subjects.LocalCluster.running(args.gristmill, args.threads, scratch))
        yield rows.Bench(store=store, yardsticks=Yardsticks(args.yardsticks, store),
                         scratch=scratch,
                         embedded=subjects.Embedded(args.gristmill, args.threads, scratch),
                         cluster=cluster,
                         rounds=args.rounds or (ROUNDS_QUICK if args.quick else ROUNDS),
                         quick=args.quick, text=args.text and args.text.resolve(),
                         threads=args.threads)


def measure(bench, row_names, say):
    """The entries of the rows, and for each that needs what is not here a Missing."""
    results = []
    for name in row_names:
        begin = time.monotonic()
        try:
            measured = ALL_ROWS[name](bench)
        except Unavailable as reason:
            say(f"{name}: not measured: {reason}")
            results.append(Missing(name, name, str(reason)))
            continue
        results += measured
        values = "; ".join(f"{e.who} {e.against and 'over ' + e.against + ' '}"
                           f"{e.spread.median:.3g} {e.unit}" for e in measured)
        say(f"{name}: {values} ({time.monotonic() - begin:.0f} s)")
    return results
