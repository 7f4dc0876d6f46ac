"""Statistics of measurements that alternate, so that what slows the machine slows both sides."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median of some measurements, and the smallest and largest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        values = list(values)
        if not values:
            raise ValueError("there is no spread of no values")
        return cls(statistics.median(values), min(values), max(values))


def ratios_of(subject, yardstick):
    """Of two series, round by round: the second of one round against the second of the same."""
    if len(subject) != len(yardstick):
        raise ValueError(f"{len(subject)} runs can't be paired with {len(yardstick)}")
    return [s / y for s, y in zip(subject, yardstick)]


def alternate(rounds, runs, before_each=lambda: None):
    """Runs each of `runs`, a dict of callables that return a number, once a round; the order turns
    from round to round, so that none is always the one that comes after a certain other. Returns
    the numbers by name."""
    names = list(runs)
    results = {name: [] for name in names}
    for i in range(rounds):
        start = i % len(names)
        for name in names[start:] + names[:start]:
            before_each()
            results[name].append(runs[name]())
    return results


def steepest_step(points):
    """Of (n, seconds) by rising n: the largest of (t2/t1) / (n2/n1), 1 for growth that is linear,
    and the n at which that step ends. None of fewer than two points."""
    steps = [((t2 / t1) / (n2 / n1), n2) for (n1, t1), (n2, t2) in zip(points, points[1:])]
    return max(steps, default=None)
