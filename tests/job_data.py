"""Input for the jobs of the library, made from seeds, and readers of what is no text."""

import gzip
import random
import shutil
import struct
import subprocess
import zlib

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def random_words(rng, count):
    """Words of which a few are common and most are rare, as in real text."""
    vocabulary = ["".join(rng.choices(LETTERS, k=rng.randint(1, 12))) for _ in range(4000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    return rng.choices(vocabulary, weights, k=count)


def random_lines(rng, words, line_end):
    out, words = [], iter(random_words(rng, words))
    while line := list(zip(range(rng.randint(1, 15)), words)):
        out.append(rng.choice([" ", "  ", "\t"]).join(word for _, word in line))
    return (line_end.join(out) + line_end).encode()


def make_texts(directory):
    rng = random.Random(20261122)
    unicode_words = ["größer", "naïve", "Ωμέγα", "日本語", "слово", "e\u0301", "\u00a0", "🌾mill"]
    texts = {
        "plain.txt": random_lines(rng, 120_000, "\n"),
        "crlf.txt": random_lines(rng, 20_000, "\r\n"),
        "empty-lines.txt": b"\n\n\r\n  \n\nalone\n\n" * 3000,
        "utf8.txt": "\n".join(
            " ".join(rng.choices(unicode_words, k=rng.randint(0, 9))) for _ in range(8000)
        ).encode(),
        "odd-bytes.bin": rng.randbytes(200_000) + bytes(range(256)) * 50 + b"\r\r\n\0\0 \xff\xfe\n",
        "long-words.txt": b" ".join(bytes([97 + i]) * (70_000 + i) for i in range(9)),
        "last-line-ends-in-cr.txt": b"one two\r\ntwo\r",
        "nothing.txt": b"",
        "below/deeper/nested.txt": random_lines(rng, 5000, "\n"),
    }
    for name, content in texts.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (directory / "_left-out.txt").write_bytes(b"hidden words of a file that is not read\n")

    halves = texts["plain.txt"][:300_000], texts["plain.txt"][300_000:600_000]
    (directory / "two-members.gz").write_bytes(b"".join(map(gzip.compress, halves)))
    texts["two-members.gz"] = b"".join(halves)
    if zstd := shutil.which("zstd"):
        compress = [zstd, "-q", "-c"]
        frames = [subprocess.run(compress, input=h, capture_output=True, check=True).stdout for h in halves]
        (directory / "two-frames.zst").write_bytes(b"".join(frames))
        texts["two-frames.zst"] = b"".join(halves)
    else:
        print("zstd is not installed: no zstd file among the inputs", flush=True)
    return texts


def make_pairs(directory):
    """Lines for `distinct`: key<TAB>value with many repetitions, and lines out of the ordinary."""
    rng = random.Random(7)
    lines = [b"%d\t%d" % (int(rng.expovariate(0.02)), rng.randrange(300)) for _ in range(150_000)]
    lines += [b"", b"\t", b"\tvalue of no key", b"no tab", b"no tab", b"a\tb\tc", b"a\tb", b"nul\0\t\0"]
    lines += [b"nul\tx", b"nul\0\0\tx", b"long" * 5000 + b"\t" + b"v" * 30_000, b"\xff\xfe\t\xff"]
    rng.shuffle(lines)
    (directory / "pairs-1.txt").write_bytes(b"\n".join(lines[:90_000]) + b"\n")
    (directory / "pairs-2.txt").write_bytes(b"\r\n".join(lines[90_000:]))
    return lines


def make_records(directory):
    """100-byte records of which many share their key, with a serial number after it."""
    rng = random.Random(11)
    keys = [rng.randbytes(10) for _ in range(20_000)]
    records = [rng.choice(keys) + b"%010d" % i + rng.randbytes(80) for i in range(120_000)]
    for i in range(3):
        (directory / f"records-{i}").write_bytes(b"".join(records[i * 40_000 : (i + 1) * 40_000]))
    return records


def lines_of(content):
    """A line ends in LF or CRLF; the last may end in neither."""
    if not content:
        return []
    *ended, last = content.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in ended]
    return lines + [last] if last else lines


def rows_of_png(image):
    """The rows of a PNG of 8-bit palette indexes whose rows are not filtered, without its checksums."""
    if image[:8] != b"\x89PNG\r\n\x1a\n":
        raise AssertionError(f"no PNG: {image[:16]}")
    at, packed, width = 8, b"", 0
    while at < len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        data = image[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width = struct.unpack(">I", data[:4])[0]
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    raw = zlib.decompress(packed)
    rows = [raw[i : i + width + 1] for i in range(0, len(raw), width + 1)]
    if any(row[0] != 0 for row in rows):
        raise AssertionError("a row is filtered")
    return [row[1:] for row in rows]
