"""Files that measurements read: made once, kept in one directory, used again."""

import contextlib
import itertools
import os
import pathlib
import random
import tarfile
import tempfile

GIB = 1 << 30
MIB = 1 << 20


class Unavailable(Exception):
    """Something that a row needs is not here; the sentence says what, and how to get it."""


class Data:
    """The directory. Files appear under their name whole or not at all, so that several may use
    the directory at once."""

    def __init__(self, directory, say):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._say = say

    def file(self, name, make):
        """The file of that name; `make(path)` writes it where it is missing."""
        path = self.directory / name
        if not path.exists():
            self._say(f"making {path}")
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self.directory)
            os.close(handle)
            try:
                make(pathlib.Path(temporary))
                os.chmod(temporary, 0o755 if os.access(temporary, os.X_OK) else 0o644)
                os.rename(temporary, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
        return path

    @contextlib.contextmanager
    def scratch(self):
        """A directory for the outputs of runs, beside the data and gone afterwards."""
        with tempfile.TemporaryDirectory(prefix=".scratch-", dir=self.directory) as directory:
            yield pathlib.Path(directory)

    def pieces(self, path, count):
        """The file cut into `count` files of about equal size, at line ends."""
        size, paths, begin = path.stat().st_size, [], 0
        for i in range(count):
            end = _line_end(path, size * (i + 1) // count) if i + 1 < count else size
            name = f"{path.name}.{i + 1}-of-{count}"
            paths.append(self.file(name, lambda out, b=begin, e=end: copy_range(path, b, e, out)))
            begin = end
        return paths

    def beginning(self, path, size):
        """The first `size` bytes of the file, to the next line end; all of a smaller one."""
        if path.stat().st_size <= size:
            return path
        return self.file(f"{path.name}.first-{size // MIB}m",
                         lambda out: copy_range(path, 0, _line_end(path, size), out))


def _line_end(path, offset):
    with open(path, "rb") as file:
        file.seek(offset)
        file.readline()
        return file.tell()


def copy_range(path, begin, end, out):
    with open(path, "rb") as source, open(out, "wb") as target:
        source.seek(begin)
        while begin < end:
            block = source.read(min(end - begin, 16 * MIB))
            target.write(block)
            begin += len(block)


def warm(*paths):
    """Reads files so that the system holds them in memory."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(16 * MIB):
                pass


def make_words(count, rng):
    """Different pronounceable words, the first ones short."""
    consonants = "b c d f g h l m n p r s t v w st th tr ch sh".split()
    vowels = "a e i o u ea ou ai".split()
    words = {}
    for syllables in itertools.count(1):
        for _ in range(count if syllables > 3 else min(count, 20 ** syllables)):
            word = "".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(syllables))
            words[word] = None
            if len(words) == count:
                return list(words)


def make_text(path, size, vocabulary, zipf, seed):
    """Lines of words, without the yardsticks' generator: a megabyte of them, in another order each
    time. `zipf`: the word of rank r is drawn 1/r as often as the first; else all alike."""
    rng = random.Random(seed)
    words = make_words(vocabulary, rng)
    weights = [1 / r for r in range(1, vocabulary + 1)] if zipf else None
    cumulative = list(itertools.accumulate(weights)) if weights else None
    with open(path, "w", encoding="ascii") as file:
        while file.tell() < size:
            drawn = rng.choices(words, cum_weights=cumulative, k=120_000)
            lines = [" ".join(drawn[i:i + 12]) for i in range(0, len(drawn), 12)]
            for _ in range(8):
                rng.shuffle(lines)
                file.write("\n".join(lines) + "\n")


def make_records(path, size, seed):
    """Records of 100 printable bytes with keys of 10, without the yardsticks' generator."""
    rng = random.Random(seed)
    printable = bytes(32 + b % 95 for b in range(256))
    with open(path, "wb") as file:
        for first in range(0, size // 100, 10_000):
            keys = rng.randbytes(10 * 10_000).translate(printable)
            file.write(b"".join(
                keys[10 * i:10 * i + 10] + b"  %032X" % (first + i) + b"A" * 54 + b"\r\n"
                for i in range(min(10_000, size // 100 - first))))


def make_kernel_source(path):
    """The text files of the kernel's source, one after the other, to 1 GiB."""
    archives = sorted(pathlib.Path("/usr/src").glob("linux-source-*.tar.*"))
    if not archives:
        raise Unavailable("there is no /usr/src/linux-source-*.tar.*; install the package "
                          "linux-source-6.1 (Debian) or linux-source (Ubuntu)")
    left = GIB
    with tarfile.open(archives[-1], "r|*") as archive, open(path, "wb") as out:
        for member in archive:
            if not member.isfile():
                continue
            text = archive.extractfile(member).read()
            if b"\0" in text:
                continue
            out.write(text[:left])
            left -= min(left, len(text))
            if left == 0:
                return
