"""usage: words_multiprocessing.py TEXT PROCESSES OUT"""

import collections
import multiprocessing
import sys

from chunks import count_words, pieces, write_counts


def main():
    text, processes, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    total = collections.Counter()
    with multiprocessing.Pool(processes) as pool:
        for counts in pool.imap_unordered(count_words, pieces(text, 4 * processes)):
            total.update(counts)
    write_counts(total.items(), out)


if __name__ == "__main__":
    main()
