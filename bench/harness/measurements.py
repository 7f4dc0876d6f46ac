"""What a row of the table came to."""

import dataclasses

from .ratios import Spread


@dataclasses.dataclass
class Entry:
    """One subject against one yardstick. `spread` is of the ratios where there is a yardstick, else
    of the values themselves, in `unit`."""

    row: str       # a short name that stays the same: comparisons go by it
    title: str
    who: str       # "embedded", "cluster"
    who_title: str
    against: str   # the yardstick or peer; empty: the value is absolute
    unit: str      # "×" for ratios
    spread: Spread
    target: float | None = None
    more_is_better: bool = False
    seconds: tuple = ()            # of the subject, run by run
    yardstick_seconds: tuple = ()

    def met(self):
        """None where there is no target."""
        if self.target is None:
            return None
        if self.more_is_better:
            return self.spread.median >= self.target
        return self.spread.median <= self.target

    def key(self):
        return f"{self.row}/{self.who}/{self.against}"


@dataclasses.dataclass
class Missing:
    """A row that could not be measured here, and why."""

    row: str
    title: str
    reason: str


def worse_by(entry, baseline_median):
    """How many times worse than it was: 1.2 is 20 % worse, below 1 is better."""
    if entry.more_is_better:
        return baseline_median / entry.spread.median
    return entry.spread.median / baseline_median
