"""usage: words_dask.py TEXT PROCESSES OUT"""

import sys

import dask.bag
from chunks import write_counts


def main():
    text, processes, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    lines = dask.bag.read_text(text, blocksize="16MiB", encoding="latin-1")
    counts = lines.str.split().flatten().frequencies(split_every=8)
    pairs = counts.compute(scheduler="processes", num_workers=processes)
    write_counts(((word.encode("latin-1"), n) for word, n in pairs), out)


if __name__ == "__main__":
    main()
