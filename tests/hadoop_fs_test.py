#!/usr/bin/env python3
"""`gristmill hadoop fs` as scripts use it: output, exit codes and complaints.

usage: hadoop_fs_test.py GRISTMILL [unittest arguments]
"""

import gzip
import os
import pathlib

import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = None

class HadoopFs(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-fs-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        (self.directory / "d").mkdir()
        (self.directory / "d" / "b.txt").write_text("bee\n")
        (self.directory / "d" / "a.txt").write_text("a" * 1500)

    def fs(self, *args, code=0, stdin="", program=("fs",)):
        result = subprocess.run([BINARY, "hadoop", *program, *map(str, args)], cwd=self.directory, input=stdin,
                                capture_output=True, text=True, timeout=60, env={**os.environ, "TZ": "UTC"})
        self.assertEqual(result.returncode, code, f"{args}: {result.stdout}{result.stderr}")
        if code == 0:
            self.assertEqual(result.stderr, "")
            return result.stdout
        return result.stderr

    def test_ls_lists_as_hadoop_does(self):
        lines = self.fs("-ls", "d").splitlines()
        self.assertEqual(lines[0], "Found 2 items")
        self.assertRegex(lines[1], r"^-rw-r--r--   1 \S+ +\S+ +1500 \d{4}-\d\d-\d\d \d\d:\d\d d/a\.txt$")
        self.assertRegex(lines[2], r"^-rw-r--r--   1 \S+ +\S+ +4 \S+ \S+ d/b\.txt$")
        self.assertRegex(self.fs("-ls", self.directory).splitlines()[1],
                         rf"^drwxr-xr-x   - \S+ \S+ +0 \S+ \S+ {self.directory}/d$")
        self.assertRegex(self.fs("-ls", "-h", f"file://{self.directory}/d/a.txt"),
                         rf"^-rw-r--r-- .* 1\.5 K \S+ \S+ file://{self.directory}/d/a\.txt\n$")
        self.assertEqual(self.fs("-ls", "-C", "-S", "d"), "d/a.txt\nd/b.txt\n")
        self.assertEqual(self.fs("-ls", "-C", "-S", "-r", "d/*.txt"), "d/b.txt\nd/a.txt\n")
        self.assertEqual([line.split()[-1] for line in self.fs("-ls", "-R", ".").splitlines()], ["./d", "./d/a.txt", "./d/b.txt"])
        self.assertEqual(self.fs("-ls", "nope", code=1), "ls: `nope': No such file or directory\n")
        self.assertEqual(self.fs("-ls", "d/*.csv", code=1), "ls: `d/*.csv': No such file or directory\n")

    def test_files_are_read(self):
        self.assertEqual(self.fs("-cat", "d/b.txt", "d/{b,c}.txt"), "bee\nbee\n")
        self.assertEqual(self.fs("-cat", "d", code=1), "cat: `d': Is a directory\n")
        (self.directory / "z.gz").write_bytes(gzip.compress(b"zipped\n"))
        self.assertEqual(self.fs("-text", "z.gz", "d/b.txt"), "zipped\nbee\n")
        self.assertEqual(len(self.fs("-tail", "d/a.txt")), 1024)
        self.assertEqual(len(self.fs("-head", "d/a.txt")), 1024)

    def test_files_are_put_and_got(self):
        self.fs("-mkdir", "-p", "x/y")
        self.fs("-put", "d/b.txt", "d/a.txt", "x/y")
        self.assertEqual((self.directory / "x/y/b.txt").read_text(), "bee\n")
        self.assertEqual(self.fs("-put", "d/b.txt", "x/y", code=1), "put: `x/y/b.txt': File exists\n")
        self.fs("-put", "-f", "d/a.txt", "x/y/b.txt")
        self.assertEqual((self.directory / "x/y/b.txt").stat().st_size, 1500)
        self.fs("-put", "-", "x/stdin", stdin="from stdin")
        self.assertEqual((self.directory / "x/stdin").read_text(), "from stdin")
        self.fs("-copyToLocal", "x", "copy")
        self.assertEqual((self.directory / "copy/y/a.txt").stat().st_size, 1500)
        self.fs("-get", "x/stdin")
        self.assertTrue((self.directory / "stdin").exists())
        self.assertIn("into itself", self.fs("-cp", "x", "x/y", code=1))
        self.assertEqual(self.fs("-put", "d/a.txt", "d/b.txt", "nowhere", code=1), "put: `nowhere': No such file or directory\n")
        self.fs("-appendToFile", "d/b.txt", "-", "x/stdin", stdin="!")
        self.assertEqual((self.directory / "x/stdin").read_text(), "from stdinbee\n!")
        self.assertEqual(list(self.directory.rglob("*._COPYING_")), [])

    def test_files_are_moved_and_removed(self):
        self.fs("-mv", "d/b.txt", "moved")
        self.assertEqual(self.fs("-mv", "moved", "d/a.txt", code=1), "mv: `d/a.txt': File exists\n")
        self.assertEqual(self.fs("-rm", "moved"), "Deleted moved\n")
        self.assertEqual(self.fs("-rm", "moved", code=1), "rm: `moved': No such file or directory\n")
        self.assertEqual(self.fs("-rm", "-f", "moved"), "")
        self.assertEqual(self.fs("-rm", "d", code=1), "rm: `d': Is a directory\n")
        self.assertEqual(self.fs("-rmdir", "d", code=1), "rmdir: `d': Directory is not empty\n")
        os.symlink(self.directory / "d", self.directory / "link")
        self.assertEqual(self.fs("-rm", "link"), "Deleted link\n")
        self.assertTrue((self.directory / "d/a.txt").exists())
        self.assertEqual(self.fs("-rm", "-r", "-skipTrash", "d"), "Deleted d\n")
        self.assertFalse((self.directory / "d").exists())

    def test_what_nobody_means_is_not_removed(self):
        for path in ("/", ".", "..", self.directory, "d/..", "//"):
            self.assertIn("not removed", self.fs("-rm", "-r", "-f", "-skipTrash", path, code=1), path)
        self.assertTrue((self.directory / "d/a.txt").exists())

    def test_tree_and_times(self):
        self.assertEqual(self.fs("-mkdir", "d", code=1), "mkdir: `d': File exists\n")
        self.assertEqual(self.fs("-mkdir", "-p", "d"), "")
        self.assertEqual(self.fs("-mkdir", "p/q", code=1), "mkdir: `p/q': No such file or directory\n")
        self.fs("-touchz", "empty")
        self.assertEqual(self.fs("-touchz", "d/b.txt", code=1), "touchz: `d/b.txt': Not a zero-length file\n")
        self.fs("-chmod", "-R", "700", "d")
        self.assertEqual((self.directory / "d/a.txt").stat().st_mode & 0o777, 0o700)
        os.utime(self.directory / "d/a.txt", (0, 86400))
        self.assertEqual(self.fs("-stat", "d/a.txt"), "1970-01-02 00:00:00\n")
        self.assertEqual(self.fs("-stat", "%F|%b|%n|%Y|%a", "d/a.txt", "d"),
                         f"regular file|1500|a.txt|86400000|700\ndirectory|0|d|{int((self.directory / 'd').stat().st_mtime) * 1000}|700\n")

    def test_tests_answer_by_their_exit_code(self):
        for flag, path, code in (("-e", "d", 0), ("-e", "no", 1), ("-d", "d", 0), ("-d", "d/a.txt", 1), ("-f", "d/a.txt", 0),
                                 ("-f", "d", 1), ("-s", "d/a.txt", 0), ("-z", "d/a.txt", 1), ("-r", "d", 0)):
            self.assertEqual(self.fs("-test", flag, path, code=code), "", f"{flag} {path}")

    def test_sizes_are_added_up(self):
        self.assertEqual(self.fs("-du", "d"), "1500  1500  d/a.txt\n4     4     d/b.txt\n")
        self.assertEqual(self.fs("-du", "-s", "-h", "d"), "1.5 K  1.5 K  d\n")
        self.assertEqual(self.fs("-count", "d"), f"{1:>12} {2:>12} {1504:>18} d\n")
        self.assertRegex(self.fs("-df", "/"), r"^Filesystem .*\n/ +\d+ +\d+ +\d+ +\d+%\n$")

    def test_an_output_is_merged(self):
        (self.directory / "d" / "c.txt").write_text("")
        self.fs("-getmerge", "-nl", "-skip-empty-file", "d", "merged")
        self.assertEqual((self.directory / "merged").read_text(), "a" * 1500 + "\nbee\n\n")

    def test_other_file_systems_and_wrong_use_get_a_sentence(self):
        self.assertIn("`hdfs://nn/x': lies on a file system that is not here", self.fs("-ls", "hdfs://nn/x", code=1))
        self.assertIn("s3a://bucket/x", self.fs("-put", "d/a.txt", "s3a://bucket/x", code=1))
        self.assertIn("-lss: Unknown command; did you mean '-ls'?", self.fs("-lss", code=255))
        self.assertIn("-rm: Illegal option -rf\nUsage: gristmill hadoop fs -rm", self.fs("-rm", "-rf", "d", code=255))
        self.assertIn("-mv: Not enough arguments: expected 2 but got 1", self.fs("-mv", "d", code=255))
        self.assertIn("Usage: gristmill hadoop fs -ls", self.fs("-help", "ls"))
        for program in (("dfs",), ("hdfs", "dfs"), ("hadoop", "fs")):
            self.assertEqual(self.fs("-test", "-d", "d", program=program), "")

if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
