"""Gristmill itself, the two ways people run it."""

import contextlib
import pathlib
import shutil
import sys

from . import outputs, processes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from cluster import Cluster  # noqa: E402


class Embedded:
    """`gristmill run` on some threads."""

    name = "embedded"

    def __init__(self, binary, threads, scratch):
        self.binary, self.threads = binary, threads
        self.title = f"run, {threads} threads"
        self._out = scratch / "embedded"
        self._spill = scratch

    def run(self, *job, output=True):
        """Seconds from start to end of the command, its peak memory, and the partition files."""
        shutil.rmtree(self._out, ignore_errors=True)
        finished = processes.run(self.binary, "run", *job, "--quiet", "--threads", self.threads,
                                 "--work-dir", self._spill,
                                 *(["--output", self._out] if output else []))
        return finished, outputs.parts_of(self._out) if output else []

    def peak_bytes(self, *job):
        finished, parts = self.run(*job)
        return finished.peak_bytes, parts


class LocalCluster:
    """`gristmill submit --wait` to a coordinator and workers of one slot each, which are there
    before. Use `running()`, which stops them."""

    name = "cluster"

    def __init__(self, cluster, workers, scratch):
        self._cluster = cluster
        self.title = f"cluster, {workers} × 1 thread"
        self._out = scratch / "cluster"

    @classmethod
    @contextlib.contextmanager
    def running(cls, binary, workers, scratch):
        with Cluster(binary, workers=workers, slots=1, lease="10s", heartbeat="1s") as cluster:
            yield cls(cluster, workers, scratch)

    def run(self, *job, output=True):
        shutil.rmtree(self._out, ignore_errors=True)
        finished = processes.run(self._cluster.binary, "submit", *job, "--wait", "--quiet",
                                 "--coordinator", self._cluster.address,
                                 *(["--output", self._out] if output else []))
        return finished, outputs.parts_of(self._out) if output else []

    def peak_bytes(self, *job):
        """Of coordinator, workers and their runners together, each at its own peak."""
        with processes.PeakMemory(p.pid for p in self._cluster.processes.values()) as peak:
            _, parts = self.run(*job)
        return peak.total_bytes(), parts
