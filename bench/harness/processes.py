"""Runs programs to their end and says how long that took and how much memory they had."""

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import threading
import time
from concurrent import futures

from . import ratios

DEADLINE_S = 3600


class Failed(Exception):
    """A program that was to succeed did not; the sentence says which and shows its last words."""


@dataclasses.dataclass(frozen=True)
class Finished:
    seconds: float
    peak_bytes: int  # of resident memory, of the program and those it waited for
    stdout: str


def run(*argv, env=None, stdin=None, deadline_s=DEADLINE_S, started=lambda process: None):
    """Runs a program; Failed if it can't be started, fails or passes the deadline. `started` is
    given the process."""
    argv = [str(a) for a in argv]
    begin = time.monotonic()
    try:
        process = subprocess.Popen(argv, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
    except OSError as error:
        raise Failed(f"can't run {argv[0]}: {error.strerror}") from error
    said = {}
    readers = [threading.Thread(target=lambda n, f: said.__setitem__(n, f.read()), args=(n, f))
               for n, f in (("out", process.stdout), ("err", process.stderr))]
    for reader in readers:
        reader.start()
    killer = threading.Timer(deadline_s, process.kill)
    killer.start()
    try:
        started(process)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        killer.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()
        for reader in readers:
            reader.join()
        process.stdout.close()
        process.stderr.close()
    if process.returncode != 0:
        last_words = said["err"].decode(errors="replace").strip()[-1000:]
        late = " (it passed its deadline)" if seconds >= deadline_s else ""
        raise Failed(f"'{' '.join(argv)}' ended with {process.returncode}{late}: {last_words}")
    return Finished(seconds, usage.ru_maxrss * 1024, said["out"].decode(errors="replace"))


class _Running:
    """The processes of several threads, which are all to end when the main thread is interrupted:
    it alone gets the signal."""

    def __init__(self):
        self._lock, self._processes, self._over = threading.Lock(), [], False

    def add(self, process):
        with self._lock:
            self._processes.append(process)
            if self._over:
                self._kill(process)

    def kill_all(self):
        """Those that run, and whoever is added after it."""
        with self._lock:
            self._over = True
            for process in self._processes:
                self._kill(process)

    @staticmethod
    def _kill(process):
        # Not Popen.kill, which waits for the process, too: that is its thread's business.
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def run_together(commands):
    """Runs some programs at once; returns the seconds until the last ended, and their output. None
    of them outlives an interrupted call."""
    running, begin = _Running(), time.monotonic()
    with futures.ThreadPoolExecutor(len(commands)) as pool:
        try:
            runs = [pool.submit(run, *argv, started=running.add) for argv in commands]
            # A signal that comes just before a wait does not end it, so each is short.
            while futures.wait(runs, timeout=0.2).not_done:
                pass
        except BaseException:
            running.kill_all()
            raise
    seconds = time.monotonic() - begin
    return seconds, [r.result().stdout for r in runs]


def alternate(rounds, runs):
    """ratios.alternate, and what one run left to be written to the disk does not slow the next: a
    coordinator syncs its journal many times a second."""
    return ratios.alternate(rounds, runs, before_each=os.sync)


class PeakMemory:
    """Watches processes and their descendants; what each had at most is asked of the kernel often
    enough that those which end meanwhile are missed by little."""

    PERIOD_S = 0.01

    def __init__(self, pids):
        self._roots, self._peaks = list(pids), {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def total_bytes(self):
        """The sum over all processes that were there, each at its own peak."""
        return sum(self._peaks.values())

    def _watch(self):
        while True:
            self._look()
            if self._over.wait(self.PERIOD_S):
                return self._look()

    def _look(self):
        waiting = list(self._roots)
        while waiting:
            pid = waiting.pop()
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue  # it ended
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self._peaks[pid] = int(line.split()[1]) * 1024
