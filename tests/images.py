"""Images for tests, without a library: rows of pixels, red, green and blue of 8 bits each."""

import base64
import struct
import zlib

# 64 x 32 pixels of one red, as libjpeg writes them.
RED_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19i"
    "Z2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2P/wAARCAAgAEADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
    "FgEBAQEAAAAAAAAAAAAAAAAAAAQG/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AgAIGtAAAAAAAAAAAAAAf/9k=")


def chunk(kind, data):
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, rows):
    """A PNG file; its rows are not filtered."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def pixels_of_png(image):
    """The rows of a PNG of that kind, whatever its filters."""
    at, packed, width = 8, b"", 0
    while at < len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        data = image[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colours, *_ = struct.unpack(">IIBBBBB", data)
            assert (depth, colours) == (8, 2), f"depth {depth}, kind {colours}"
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride = zlib.decompress(packed), 3 * width
    rows, above = [], bytes(stride)
    for begin in range(0, len(raw), stride + 1):
        above = unfiltered(raw[begin], raw[begin + 1 : begin + 1 + stride], above)
        rows.append(above)
    return rows


def unfiltered(kind, row, above):
    out = bytearray(row)
    for i, byte in enumerate(row):
        a = out[i - 3] if i >= 3 else 0
        b = above[i]
        c = above[i - 3] if i >= 3 else 0
        nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        out[i] = (byte + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
    return bytes(out)


def shrunk(rows, side):
    """The mean of the pixels that each pixel stands for, so that the longer side has `side`."""
    width, height = len(rows[0]) // 3, len(rows)
    longer = max(width, height)
    if longer <= side:
        return rows
    to_width, to_height = (max((n * side + longer // 2) // longer, 1) for n in (width, height))
    out = []
    for y in range(to_height):
        tall = range(y * height // to_height, (y + 1) * height // to_height)
        row = bytearray()
        for x in range(to_width):
            wide = range(x * width // to_width, (x + 1) * width // to_width)
            pixels = len(tall) * len(wide)
            row += bytes((sum(rows[v][3 * u + c] for v in tall for u in wide) + pixels // 2) // pixels
                         for c in range(3))
        out.append(bytes(row))
    return out


def size_of_jpeg(image):
    """Width and height, as the frame header says."""
    at = 2
    while image[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack(">H", image[at + 2 : at + 4])[0]
    height, width = struct.unpack(">HH", image[at + 5 : at + 9])
    return width, height
