"""Just enough of docs/formats/run-file.md to damage a certain place of a run file."""

import struct

BLOCK_HEADER_BYTES = 24
INDEX_ENTRY = struct.Struct("<IIQQQIIQ")
FOOTER_BYTES = 40


def payload_offset(data, partition):
    """Where the first block's payload of that partition begins."""
    index_offset, entries = struct.unpack_from("<QQ", data, len(data) - FOOTER_BYTES)
    for i in range(entries):
        _, of, offset, *_ = INDEX_ENTRY.unpack_from(data, index_offset + i * INDEX_ENTRY.size)
        if of == partition:
            return offset + BLOCK_HEADER_BYTES
    raise AssertionError(f"no pair in partition {partition}")


def index_offset(data):
    return struct.unpack_from("<Q", data, len(data) - FOOTER_BYTES)[0]


def flip(path, offset_of):
    """Flips one bit of the byte at offset_of(bytes of the file)."""
    data = bytearray(path.read_bytes())
    data[offset_of(data)] ^= 0x10
    path.write_bytes(data)
