#!/usr/bin/env python3
"""A sort of four times its memory budget stays within twice the budget and is right.

usage: memory_test.py GRISTMILL [--mebibytes N]     (default 256; the budget is an eighth)
"""

import argparse
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile

RECORD = 100


def make_records(path, count, seed=7):
    rng = random.Random(seed)
    with open(path, "wb") as out:
        while count > 0:
            n = min(count, 100_000)
            noise = rng.randbytes(n * RECORD)
            out.write(noise)
            count -= n


def check_sorted(directory, expected_count, source):
    """Order by the 10-byte key across partitions, and the same multiset of records."""
    total, last, checksum = 0, b"", 0
    for part in sorted(directory.glob("part-*")):
        with open(part, "rb") as f:
            while block := f.read(RECORD * 50_000):
                keys = [block[i:i + 10] for i in range(0, len(block), RECORD)]
                assert last <= keys[0] and keys == sorted(keys), f"{part} is out of order"
                last = keys[-1]
                total += len(keys)
                checksum += sum(hash(block[i:i + RECORD]) for i in range(0, len(block), RECORD))
    assert total == expected_count, f"{total} records instead of {expected_count}"
    with open(source, "rb") as f:
        while block := f.read(RECORD * 50_000):
            checksum -= sum(hash(block[i:i + RECORD]) for i in range(0, len(block), RECORD))
    assert checksum == 0, "the records differ from the input's"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--mebibytes", type=int, default=256)
    args = parser.parse_args()
    count = args.mebibytes * (1 << 20) // RECORD
    budget = args.mebibytes // 8
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-memory-"))
    try:
        source = directory / "records"
        make_records(source, count)
        subprocess.run([args.binary, "run", "sort", "--input", source, "--output",
                        directory / "out", "--param", "records=terasort", "--memory",
                        f"{budget}MiB", "--threads", "2"], check=True, stdin=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{args.mebibytes} MiB sorted with a budget of {budget} MiB: peak RSS {peak:.0f} MiB")
        check_sorted(directory / "out", count, source)
        # The program itself, its libraries and thread stacks take some 24 MiB beside the budget.
        assert peak < 2 * budget, f"peak RSS {peak:.0f} MiB passes twice the budget of {budget} MiB"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
