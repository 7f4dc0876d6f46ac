"""Hand-written programs to measure against, and the generators of what they read: sources that
lie outside the project, built where they are measured."""

import hashlib
import os
import pathlib

from . import data, processes

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
TUNED = ("-O3", "-march=native", "-std=c++20", "-pthread")
# As the project's release build: what is compared is the framework, not the compiler's options.
AS_RELEASE = ("-O3", "-DNDEBUG", "-std=c++20", "-pthread")


class Yardsticks:
    """Programs of `directory`, one a source file; None where the user has none."""

    def __init__(self, directory, store):
        self._directory = pathlib.Path(directory).resolve() if directory else None
        self._store = store
        if self._directory and not self._directory.is_dir():
            raise processes.Failed(f"--yardsticks {directory}: there is no such directory; name "
                                   "the one with the yardsticks' sources, or leave it out")

    def program(self, name):
        """The built program. Unavailable if there is no such source."""
        if self._directory is None:
            raise data.Unavailable("no yardsticks were given; name the directory of their sources "
                                   "with --yardsticks or GRISTMILL_YARDSTICKS")
        source = self._directory / f"{name}.cc"
        if not source.exists():
            raise data.Unavailable(f"{self._directory} has no {name}.cc")
        if name == "wordcount_limit" and not has_avx512bw():
            raise data.Unavailable(f"{name} needs a processor with AVX-512BW")
        return self._build(name, [source], TUNED)

    def has(self, name):
        try:
            return bool(self.program(name))
        except data.Unavailable:
            return False

    def plain_primes(self):
        """The loop of the job `primes`, without the framework."""
        sources = [CHECKOUT / "bench/plain/plain_primes.cc", CHECKOUT / "jobs/count_primes.cc"]
        return self._build("plain_primes", sources, AS_RELEASE)

    def _build(self, name, sources, options):
        """Built anew when a source, an option or the compiler changed."""
        compiler = os.environ.get("CXX", "g++")
        version = processes.run(compiler, "--version").stdout
        identity = hashlib.sha256("\n".join([version, *options]).encode())
        for source in sources:
            identity.update(source.read_bytes())
        return self._store.file(
            f"{name}-{identity.hexdigest()[:12]}",
            lambda path: processes.run(compiler, *options, f"-I{CHECKOUT}", *sources, "-o", path))


def has_avx512bw():
    try:
        return "avx512bw" in pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
