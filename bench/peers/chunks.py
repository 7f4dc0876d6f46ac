"""What the Python word counts share: pieces of a file, and the output that all write."""

import collections
import os


def pieces(path, count):
    """(path, begin, end) of about equal pieces that end at line ends."""
    size, begin, found = os.path.getsize(path), 0, []
    with open(path, "rb") as file:
        for i in range(1, count + 1):
            file.seek(size * i // count)
            file.readline()
            end = min(file.tell(), size)
            found.append((path, begin, end))
            begin = end
    return found


def count_words(piece):
    """The counts of the words of one piece."""
    path, begin, end = piece
    counts = collections.Counter()
    with open(path, "rb") as file:
        file.seek(begin)
        while begin < end:
            block = file.read(min(16 << 20, end - begin))
            if begin + len(block) < end:
                block += file.readline()
            begin += len(block)
            counts.update(block.split())
    return counts


def write_counts(pairs, path):
    """`pairs` of (word as bytes, count), sorted here."""
    with open(path, "wb") as out:
        out.writelines(b"%b\t%d\n" % pair for pair in sorted(pairs))
