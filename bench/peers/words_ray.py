"""usage: words_ray.py TEXT CPUS OUT"""

import collections
import sys

import ray
from chunks import count_words, pieces, write_counts


def main():
    text, cpus, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False)
    count = ray.remote(count_words)
    waiting = [count.remote(piece) for piece in pieces(text, 4 * cpus)]
    total = collections.Counter()
    while waiting:
        done, waiting = ray.wait(waiting)
        for counts in ray.get(done):
            total.update(counts)
    write_counts(total.items(), out)
    ray.shutdown()


if __name__ == "__main__":
    main()
