#!/usr/bin/env python3
"""Jobs in shared objects, as their author meets them: installed headers, a project of one's own, runs
in one process and on a cluster, and what is refused.

usage: plugin_test.py BUILD_DIRECTORY CXX   (a build with gristmill and gristmill_job)
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster, read_output

BUILD = CXX = None

JOB = """#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include "gristmill/job.h"
namespace {
struct Misfit {
  static constexpr std::string_view kName = "misfit";
  static constexpr std::string_view kSummary = "counts lines, or misbehaves";
  using Key = std::string;
  using Value = std::uint64_t;
  std::string deed;
  void Declare(gristmill::Params& params) { params.Add("deed", &deed, "what to do"); }
  std::string Validate() const {
    if (deed == "crash_early") std::abort();
    if (deed == "hang_early") for (;;) {}
    return deed == "refuse" ? "'refuse' is refused" : "";
  }
  void Setup(gristmill::TaskContext& context) {
    std::ifstream file("extra.txt");
    if (!std::getline(file, extra_)) extra_ = "none";
  }
  __attribute__((noinline)) void FallOver(std::string_view line) {
    static int* volatile nowhere = nullptr;
    if (line == "bad") *nowhere = 1;
  }
  void Map(std::string_view line, gristmill::Emitter<Misfit>& out) {
    if (deed == "crash") FallOver(line);
    if (deed == "throw" && line == "bad") throw std::runtime_error("a bad line");
    out.Emit(std::string(line) + ":" + extra_, 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }
  std::string extra_;
};
GRISTMILL_JOB(Misfit);
}
"""


def call(*command, cwd=None, env=None, check=True):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd, timeout=300,
                            stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    if check and result.returncode != 0:
        raise AssertionError(f"{command} exited with {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result


def shown_in_the_readme():
    """A job's source, the commands that compile and run it, those that make a project and run its job."""
    text = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
    text = text[text.index("\n## A job in 20 lines"):text.index("\n## Run it")]
    return re.findall(r"^```(?:cpp)?\n(.*?)^```$", text, re.M | re.S)


class Plugin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-plugin-"))
        cls.prefix = cls.dir / "prefix"
        call("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.gristmill = cls.prefix / "bin" / "gristmill"
        cls.misfit = cls.compile("misfit", JOB)
        cls.text = cls.dir / "text"
        cls.text.write_text("good\nbad\ngood\n" * 500)
        cls.cluster = Cluster(cls.gristmill)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        shutil.rmtree(cls.dir)

    @classmethod
    def compile(cls, name, source, *flags, libraries=None):
        """As somebody does who has no CMake: by pkg-config."""
        config = next(cls.prefix.glob("**/pkgconfig"))
        ask = lambda what: call("pkg-config", what, "gristmill", env={"PKG_CONFIG_PATH": config}).stdout.split()
        path = cls.dir / f"{name}.cc"
        path.write_text(source)
        object_path = cls.dir / f"lib{name}.so"
        call(CXX, "-std=c++20", "-O1", "-shared", "-fPIC", *ask("--cflags"), path, "-o", object_path, *flags,
             *(ask("--libs") if libraries is None else libraries))
        return object_path

    def paste(self, commands):
        """Into a shell that is set up as the readme says."""
        call("bash", "-e", "-c", commands, cwd=self.dir, env={
            "PATH": f"{self.prefix}/bin:{os.environ['PATH']}", "PKG_CONFIG_PATH": next(self.prefix.glob("**/pkgconfig")), "CXX": CXX})

    def run_job(self, *args, check=True):
        return call(self.gristmill, "run", *args, check=check)

    def submit(self, *args, check=True):
        return self.cluster.run("submit", *args, "--wait", check=check)

    def refused(self, sentence, *args, embedded=True):
        """By `run` and by `submit`, with nothing left behind."""
        for how in ([self.run_job] if embedded else []) + [self.submit]:
            output = self.dir / "refused"
            result = how(*args, "--input", self.text, "--output", output, check=False)
            self.assertEqual(result.returncode, 2, result)
            self.assertIn(sentence, result.stderr)
            self.assertFalse(output.exists())

    def test_a_new_project_builds_passes_its_test_and_gives_the_same_bytes_everywhere(self):
        project = self.dir / "word_lengths"
        self.paste(shown_in_the_readme()[2])
        self.assertTrue((project / "counts/_SUCCESS").exists())
        self.assertEqual(call(self.gristmill, "new", project, check=False).returncode, 2)
        self.assertIn("a target that CMake makes", call(self.gristmill, "new", self.dir / "test", check=False).stderr)
        call("ctest", "--test-dir", "build", "--no-tests=error", cwd=project)
        job = f"{project}/build/libword_lengths.so:word_lengths"
        flags = [job, "--input", project / "README.md", "--param", "min_letters=2"]
        self.run_job(*flags, "--output", self.dir / "run")
        self.submit(*flags, "--output", self.dir / "submit")
        self.run_job("wordcount", "--input", project / "README.md", "--output", self.dir / "builtin")
        made = read_output(self.dir / "run")
        self.assertEqual(made, read_output(self.dir / "submit"))
        builtin = b"".join(sorted(b"".join(read_output(self.dir / "builtin").values()).splitlines(True)))
        expected = [line for line in builtin.splitlines(True) if line.index(b"\t") >= 2]
        self.assertEqual(sorted(b"".join(made.values()).splitlines(True)), expected)
        self.assertIn("min_letters", call(self.gristmill, "jobs", project / "build/libword_lengths.so").stdout)

    def test_the_job_that_the_readme_shows_counts_words_when_it_is_pasted(self):
        source, commands, _ = shown_in_the_readme()
        (self.dir / "mywords.cc").write_text(source)
        self.paste(commands)
        counts = dict(line.split(b"\t") for line in b"".join(read_output(self.dir / "counts").values()).splitlines())
        self.assertEqual(counts, {word: b"%d" % n for word, n in collections.Counter(source.encode().split()).items()})

    def test_files_come_with_the_object(self):
        (self.dir / "list").write_text("extra line\n")
        flags = [self.misfit, "--input", self.text, "--file", f"{self.dir}/list#extra.txt"]
        self.run_job(*flags, "--output", self.dir / "run2")
        self.submit(*flags, "--output", self.dir / "submit2")
        made = read_output(self.dir / "run2")
        self.assertEqual(made, read_output(self.dir / "submit2"))
        self.assertIn(b"good:extra line\t1000\n", b"".join(made.values()))

    def test_an_object_that_was_damaged_at_the_coordinator_comes_anew(self):
        flags = [self.misfit, "--input", self.text]
        self.submit(*flags, "--output", self.dir / "whole")
        for blob in (self.cluster.directory / "journal.files").iterdir():
            blob.chmod(0o600)
            with blob.open("r+b") as file:
                file.seek(4096)
                file.write(bytes(64))
        self.submit(*flags, "--output", self.dir / "healed")
        self.assertEqual(read_output(self.dir / "healed"), read_output(self.dir / "whole"))
        self.assertFalse((self.cluster.directory / "journal.describing").exists())

    def test_a_crash_in_the_object_shows_where_and_at_which_record(self):
        result = self.submit(f"{self.misfit}:misfit", "--param", "deed=crash", "--max-attempts", "2", "--input",
                             self.text, "--output", self.dir / "crash", check=False)
        self.assertEqual(result.returncode, 1, result)
        for part in ("SIGSEGV", "Misfit::FallOver", "Misfit::Map", "bad"):
            self.assertIn(part, result.stderr)

    def test_an_exception_in_the_object_is_the_tasks_failure(self):
        result = self.submit(self.misfit, "--param", "deed=throw", "--max-attempts", "1", "--input", self.text,
                             "--output", self.dir / "throw", check=False)
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("a bad line", result.stderr)

    def test_the_tools_for_jobs_take_objects_and_files_too(self):
        (self.dir / "list").write_text("extra line\n")
        flags = [self.misfit, "--input", self.text, "--file", f"{self.dir}/list#extra.txt"]
        result = call(self.gristmill, "verify", *flags)
        self.assertIn("misfit: the same output each time", result.stdout)
        result = call(self.gristmill, "chaos", *flags, "--rounds", "1", "--workers", "2", "--faults", "kill")
        self.assertIn("identical", result.stdout)
        failed = self.cluster.submit(*flags, "--param", "deed=throw", "--max-attempts", "1", "--output", self.dir / "replayed")
        self.cluster.wait(failed)
        result = self.cluster.run("replay", failed, check=False)
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("a bad line", result.stderr)

    def test_what_the_object_does_when_it_is_asked_does_not_hurt_the_coordinator(self):
        self.refused("'refuse' is refused", self.misfit, "--param", "deed=refuse")
        self.refused("died of signal 6 (SIGABRT)", self.misfit, "--param", "deed=crash_early", embedded=False)
        self.refused("did not answer within", self.misfit, "--param", "deed=hang_early", embedded=False)
        self.assertEqual(len(self.cluster.workers()), 2)

    def test_wrong_objects_are_refused_with_their_cause(self):
        note = '#include "gristmill/job.h"\n#undef GRISTMILL_JOB_ABI\n#define GRISTMILL_JOB_ABI "{}"\nGRISTMILL_JOB_NOTE;'
        future = self.compile("future", note.format("api=99"))
        self.refused("version 99 of Gristmill's job API", future)
        self.refused("is no shared object", f"{self.dir}/text:job")
        self.refused("without a Gristmill job", self.compile("plain", "int f() { return 1; }", libraries=[]))
        self.refused("there is no job 'misfitt' in 'libmisfit.so'; did you mean 'misfit'?", f"{self.misfit}:misfitt")
        loose = self.compile("loose", JOB.replace("GRISTMILL_JOB(Misfit);\n}", "GRISTMILL_JOB(Misfit);\n}\nvoid Missing();\n"
                                                  "static const bool kCalled = (Missing(), true);"))
        self.refused("needs 'Missing()'", loose)
        foreign = bytearray(self.misfit.read_bytes())
        foreign[18] = 243  # e_machine: RISC-V
        (self.dir / "libforeign.so").write_bytes(foreign)
        self.refused("was built for 64-bit RISC-V", self.dir / "libforeign.so")

    def test_a_library_that_only_the_author_has_is_named_and_may_come_with_the_job(self):
        there = self.dir / "private"
        there.mkdir()
        dependency = self.compile("dependency", '__attribute__((visibility("default"))) int Three() { return 3; }', libraries=[])
        source = JOB.replace("namespace {", "int Three();\nnamespace {", 1).replace('extra_ = "none"', "extra_ = std::to_string(Three())")
        needy = self.compile("needy", source, f"-L{self.dir}", "-ldependency", "-Wl,-rpath,$ORIGIN")
        needy = needy.rename(there / "libneedy.so")
        self.refused("needs the library 'libdependency.so'", needy)
        self.submit(needy, "--file", dependency, "--input", self.text, "--output", self.dir / "needy")
        self.assertIn(b"good:3\t1000\n", b"".join(read_output(self.dir / "needy").values()))


if __name__ == "__main__":
    BUILD, CXX = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
