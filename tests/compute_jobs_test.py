#!/usr/bin/env python3
"""The jobs of the library that compute from numbers or whole images, not from lines, run in every way.

usage: compute_jobs_test.py --binary PATH [--workers N] [--local-only] [unittest arguments, such as -k primes]
"""

import random
import subprocess
import time

from every_way import PARTITIONS, EveryWay, main, options
from images import RED_JPEG, pixels_of_png, png_of, shrunk, size_of_jpeg
from job_data import rows_of_png


class ComputeJobsTest(EveryWay):
    # --- jobs without input files ---

    def check_range(self, job, params, expected):
        flags = ["--partitions", str(PARTITIONS)]
        for param in params:
            flags += ["--param", param]
        sizes = [["--splits", splits] for splits in ("1", "7", "64")]
        for parts in self.every_way(job, flags, sizes):
            self.assertEqual(b"".join(parts.values()), expected)

    def test_primes_equals_a_sieve_in_python(self):
        begin, end = 123_456, 1_500_000
        sieve = bytearray([1]) * end
        for n in range(2, int(end**0.5) + 1):
            if sieve[n]:
                sieve[n * n :: n] = bytes(len(range(n * n, end, n)))
        self.check_range("primes", [f"from={begin}", f"to={end}"], b"primes\t%d\n" % sum(sieve[begin:]))

    def test_pi_equals_the_same_points_in_python(self):
        seed, points, mask, inside = 42, 300_000, 2**64 - 1, 0
        for i in range(points):
            z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & mask
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
            inside += (z >> 33) ** 2 + (z & 0x7FFFFFFF) ** 2 < 2**62
        expected = f"pi\t{4 * inside / points!r},{inside},{points}\n".encode()
        self.check_range("pi", [f"seed={seed}", f"samples={points}"], expected)

    def test_mandelbrot_equals_the_same_points_in_python(self):
        width, height, iterations, span = 60, 40, 300, 3.6
        def colour(x, y):
            re, im = 0.0, 0.0
            for i in range(iterations):
                if re * re + im * im > 4:
                    return 1 + i % 255
                re, im = re * re - im * im + x, 2 * re * im + y
            return 0
        step = span / width
        expected = [bytes(colour(-0.6 + (column - width / 2) * step, (height / 2 - row) * step)
                          for column in range(width)) for row in range(height)]
        params = {"width": width, "height": height, "iterations": iterations, "span": span}
        flags = [word for name, value in params.items() for word in ("--param", f"{name}={value}")]
        for parts in self.every_way("mandelbrot", flags, [["--splits", splits] for splits in ("1", "7", "64")]):
            self.assertEqual(list(parts), ["part-00000-of-00001"])
            self.assertEqual(rows_of_png(parts["part-00000-of-00001"]), expected)

    def test_noop_writes_nothing(self):
        command = [options.binary, "run", "noop", "--splits", "50", "--threads", "3"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        begin = time.monotonic()
        subprocess.run([*command, "--param", "wait_ms=20"], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)
        self.assertGreater(time.monotonic() - begin, 50 / 3 * 0.02)
        too_long = subprocess.run([*command, "--param", "wait_ms=60001"], capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(too_long.returncode, 2, too_long.stderr)
        self.assertIn("'wait_ms' of job 'noop' must be at most 60000", too_long.stderr)
        refused = subprocess.run([*command, "--output", "/tmp/nowhere"], capture_output=True,
                                 text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("writes no output", refused.stderr)

    # --- thumbnails ---

    def test_thumbnails_are_means_of_pixels_and_broken_images_are_listed(self):
        chance, expected = random.Random(17), {}
        for name, width, height in (("wide.png", 300, 100), ("high.png", 40, 161), ("small.png", 7, 5)):
            rows = [chance.randbytes(3 * width) for _ in range(height)]
            (self.input / name).write_bytes(png_of(width, rows))
            expected[name] = shrunk(rows, 32)
        whole = (self.input / "wide.png").read_bytes()
        (self.input / "short.png").write_bytes(whole[:len(whole) // 2])
        (self.input / "text.jpg").write_bytes(b"no image\n")
        (self.input / "red.jpg").write_bytes(RED_JPEG)
        flags = ["--input", str(self.input), "--param", "size=32"]
        for files in self.every_way("thumbnails", flags, [[]]):
            for name, rows in expected.items():
                self.assertEqual(pixels_of_png(files[name]), rows, name)
            self.assertEqual(size_of_jpeg(files["red.jpg"]), (32, 16))
            lines = b"".join(content for name, content in files.items() if name.startswith("part-")).decode()
            sizes = dict(line.split("\t") for line in lines.splitlines())
            self.assertEqual(sorted(sizes), ["high.png", "red.jpg", "small.png", "wide.png"])
            self.assertEqual(sizes["wide.png"], f"300,100,32,11,{len(files['wide.png'])}")
            self.assertTrue(sizes["red.jpg"].startswith("64,32,32,16,"), sizes)
            broken = b"".join(content for name, content in files.items() if name.startswith("broken-"))
            names = [line.split(b"\t")[0].rsplit(b"/", 1)[1] for line in broken.splitlines()]
            self.assertEqual(sorted(names), [b"short.png", b"text.jpg"])
            self.assertIn(b"text.jpg\tit is neither a JPEG nor a PNG image", broken)

    def test_thumbnails_of_one_name_fail_the_job(self):
        for place in ("a", "b"):
            (self.input / place).mkdir()
            (self.input / place / "red.jpg").write_bytes(RED_JPEG)
        done, _ = self.launch(["run"], "thumbnails", ["--input", str(self.input)])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), "(both wrote a file|wrote a file) 'red.jpg'")
        self.refused("thumbnails", ["--param", "size=0"], "'size' of job 'thumbnails' must be from 1 to 10000")


if __name__ == "__main__":
    main(__doc__)
