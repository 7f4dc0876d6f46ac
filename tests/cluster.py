"""A local cluster for tests: started by deploy/local-cluster, thrown away afterwards."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def wait_for(condition, what, deadline_s=60):
    """Returns the first true value of condition(); fails with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s for {what}")
        time.sleep(0.005)


class Latch:
    """What tasks of the testbed wait for, WaitForLatch of latch.h, until open(); then it holds nobody."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self._end = None

    def open(self):
        # There is something to read from now on, as nobody reads it and this end stays open.
        self._end = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        os.write(self._end, b"open")

    def close(self):
        """To be called when nobody can wait any more."""
        if self._end is not None:
            os.close(self._end)


class Cluster:
    """Runs `binary` as a coordinator and workers; use as a context manager."""

    def __init__(self, binary, workers=2, slots=1, worker_flags=(), lease="1s", heartbeat="100ms",
                 coordinator_flags=()):
        self.binary = str(binary)
        self.worker_flags = list(worker_flags)
        self.slots = slots
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-test-"))
        self.processes = {}
        self.address = None
        self._coordinator_flags = ["--lease", lease, "--heartbeat", heartbeat, *coordinator_flags]
        try:
            self.start_coordinator()
            for _ in range(workers):
                self.start_worker()
            wait_for(lambda: len(self.workers()) == workers, f"{workers} workers to register")
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _spawn(self, name, args):
        log = open(self.directory / f"{name}.log", "ab")
        with log:
            process = subprocess.Popen([self.binary, *args], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, start_new_session=True)
        self.processes[name] = process
        return process

    def start_coordinator(self):
        listen = self.address or "127.0.0.1:0"
        log = self.directory / "coordinator.log"
        already = log.stat().st_size if log.exists() else 0
        process = self._spawn("coordinator", ["coordinator", "--listen", listen, "--journal",
                                              str(self.directory / "journal"),
                                              *self._coordinator_flags])

        def port():
            if process.poll() is not None:
                raise AssertionError(f"the coordinator exited: {log.read_text()}")
            for line in log.read_text()[already:].splitlines():
                if "listens on " in line:
                    return line.split("listens on ")[1].split()[0].rstrip(",")
            return None

        self.address = wait_for(port, "the coordinator to listen")

    def start_worker(self, flags=()):
        name = f"worker-{sum(n.startswith('worker-') for n in self.processes)}"
        return self._spawn(name, ["worker", "--coordinator", self.address, "--slots",
                                  str(self.slots), "--dir", str(self.directory / name),
                                  "--listen", "127.0.0.1:0", *self.worker_flags, *flags])

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def worker_of_runner(self, runner_pid):
        """The worker process whose child has that pid."""
        parent = int(pathlib.Path(f"/proc/{runner_pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return next(p for p in self.processes.values() if p.pid == parent)

    def run(self, *args, check=True, timeout=120):
        """Runs a client command against the cluster."""
        result = subprocess.run([self.binary, *map(str, args)], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=timeout,
                                env={**os.environ, "GRISTMILL_COORDINATOR": self.address})
        if check and result.returncode != 0:
            raise AssertionError(f"{args} exited with {result.returncode}: {result.stderr}\n"
                                 f"{self.logs()}")
        return result

    def json(self, *args):
        return json.loads(self.run(*args, "--json").stdout)

    def workers(self):
        if not self.address:
            return []
        result = self.run("workers", "--json", check=False)
        return json.loads(result.stdout).get("workers", []) if result.returncode == 0 else []

    def run_files(self):
        """The finished map outputs of all workers."""
        return sorted(self.directory.glob("worker-*/**/stage-*-task-*-attempt-*.runs"))

    def submit(self, *args):
        return self.run("submit", *args).stdout.split()[0]

    def wait(self, job):
        """Waits for a job's end; returns its status."""
        self.run("watch", job, check=False)
        return self.json("status", job)

    def logs(self):
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-3000:]}"
                         for p in sorted(self.directory.glob("*.log")))

    def stop(self):
        for process in self.processes.values():
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def read_output(directory):
    """The bytes of all partitions, by name, and of the files beside them, if _files lists any; the
    directory must hold nothing else but _SUCCESS."""
    directory = pathlib.Path(directory)
    names = sorted(p.name for p in directory.iterdir())
    assert "_SUCCESS" in names, f"no _SUCCESS in {names}"
    names.remove("_SUCCESS")
    strangers = [n for n in names if not re.fullmatch(r"part-\d{5,}-of-\d{5,}", n)]
    listed = []
    if "_files" in strangers:
        names.remove("_files")
        strangers.remove("_files")
        listed = (directory / "_files").read_text().splitlines()[1:]
    assert strangers == listed, f"strangers in the output: {strangers}, and listed are {listed}"
    return {n: (directory / n).read_bytes() for n in names}
