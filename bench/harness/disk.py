"""How fast the disk is by itself, past the system's cache."""

import os

from . import processes

BLOCK = 16 << 20


def evict(path):
    """Has the system forget what it holds of a file, so that the next reader asks the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def seconds_for(data, scratch, size):
    """Of two writes and two reads of `size` bytes, at the speed that direct writes and reads of
    `data`, or of its first GiB, reach in the directory `scratch`."""
    blocks = min(data.stat().st_size, 1 << 30) // BLOCK
    copy = scratch / "direct"
    try:
        write = processes.run("dd", f"if={data}", f"of={copy}", f"bs={BLOCK}", f"count={blocks}",
                              "iflag=fullblock", "oflag=direct")
        read = processes.run("dd", f"if={copy}", "of=/dev/null", f"bs={BLOCK}", "iflag=direct")
    finally:
        copy.unlink(missing_ok=True)
    return 2 * (write.seconds + read.seconds) * size / (blocks * BLOCK)
