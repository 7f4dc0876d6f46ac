#!/usr/bin/env python3
"""What a map-reduce must do, seen from outside a real cluster.

In the manner of the map-reduce laboratory of MIT's distributed-systems course: results are right,
tasks run in parallel, each runs once when nothing fails, output appears only when it is final, and
a worker killed at any phase changes nothing.

usage: conformance_test.py TESTBED [unittest arguments]
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

import run_file
from cluster import Cluster, Latch, read_output, wait_for
from word_count import count_words, make_text, parse_counts

TESTBED = None


class ConformanceTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-conformance-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.marks = self.directory / "marks"
        self.marks.mkdir()
        self.release = Latch(self.marks / "release")
        self.addCleanup(self.release.close)
        self.out = self.directory / "out"

    def announced(self, phase):
        """{task: [pid of each attempt that started]}"""
        started = collections.defaultdict(list)
        for path in self.marks.iterdir():
            match = re.fullmatch(rf"{phase}-(\d+)\.(\d+)\.\d+", path.name)
            if match:
                started[int(match[1])].append(int(match[2]))
        return started

    def cluster(self, **kwargs):
        c = Cluster(TESTBED, **kwargs)
        self.addCleanup(c.stop)
        return c

    def gate_flags(self, paths, hold="none", task=0, partitions=3):
        return ["gate", *sum((["--input", p] for p in paths), []), "--output", self.out,
                "--partitions", partitions, "--param", f"dir={self.marks}",
                "--param", f"hold={hold}", "--param", f"task={task}"]

    def test_word_count_is_right(self):
        paths = make_text(self.directory)
        c = self.cluster()
        c.run("submit", "wordcount", *sum((["--input", p] for p in paths), []),
              "--output", self.out, "--partitions", 5, "--wait")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))

    def test_inverted_index_is_right(self):
        paths = make_text(self.directory, lines=30)
        c = self.cluster()
        c.run("submit", "invertedindex", *sum((["--input", p] for p in paths), []),
              "--output", self.out, "--wait")
        index = {}
        for data in read_output(self.out).values():
            for line in data.decode().splitlines():
                word, files = line.split("\t")
                index[word] = files.split(",")
        expected = collections.defaultdict(set)
        for path in paths:
            for word in path.read_text().split():
                expected[word].add(str(path))
        self.assertEqual(index, {w: sorted(files) for w, files in expected.items()})

    def test_maps_and_reduces_run_in_parallel_on_several_workers(self):
        c = self.cluster(workers=2, slots=1)
        c.run("submit", "rendezvous", "--output", self.out, "--partitions", 4, "--splits", 6,
              "--param", f"dir={self.marks}", "--param", "together=2", "--param", "maps=6",
              "--wait")
        for phase in ("map", "reduce"):
            runners = {pid for pids in self.announced(phase).values() for pid in pids}
            self.assertEqual(len(runners), 2, f"{phase} tasks ran on both workers")

    def test_a_worker_runs_its_slots_in_parallel(self):
        c = self.cluster(workers=1, slots=3)
        c.run("submit", "rendezvous", "--output", self.out, "--partitions", 3, "--splits", 6,
              "--param", f"dir={self.marks}", "--param", "together=3", "--param", "maps=6",
              "--wait")

    def test_each_task_runs_exactly_once_when_nothing_fails(self):
        paths = make_text(self.directory, files=7)
        c = self.cluster(workers=3)
        c.run("submit", *self.gate_flags(paths), "--wait")
        self.assertEqual({t: len(p) for t, p in self.announced("map").items()},
                         {t: 1 for t in range(7)})
        self.assertEqual({t: len(p) for t, p in self.announced("reduce").items()},
                         {t: 1 for t in range(3)})

    def test_nothing_is_visible_in_the_output_before_the_job_is_done(self):
        paths = make_text(self.directory)
        c = self.cluster(workers=1)
        job = c.submit(*self.gate_flags(paths, hold="reduce", task=2))
        wait_for(lambda: 2 in self.announced("reduce"), "the last reduce to start")
        self.assertEqual([p.name for p in self.out.iterdir()], ["_temporary"])
        self.release.open()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))

    def kill_a_worker(self, phase, task, worker_flags=(), phase_of_kill=None):
        """Holds one task, kills its worker (or another one), lets go, compares with the truth."""
        paths = make_text(self.directory, files=6)
        c = self.cluster(workers=3, worker_flags=worker_flags)
        job = c.submit(*self.gate_flags(paths, hold=phase, task=task))
        held = wait_for(lambda: self.announced(phase).get(task), f"{phase} {task} to start")[0]
        victim = c.worker_of_runner(held)
        if phase_of_kill == "other":
            map_pids = {pid for pids in self.announced("map").values() for pid in pids}
            others = {c.worker_of_runner(pid).pid: c.worker_of_runner(pid) for pid in map_pids}
            others.pop(victim.pid)
            victim = next(iter(others.values()))
        c.kill(victim)
        wait_for(lambda: len(c.workers()) == 2, "the coordinator to notice the death")
        self.release.open()
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))
        return status

    def test_a_worker_killed_in_mid_map_changes_nothing(self):
        self.kill_a_worker("map", 4)
        self.assertGreater(len(self.announced("map")[4]), 1, "the lost map ran again")

    def test_a_worker_killed_in_mid_reduce_changes_nothing(self):
        self.kill_a_worker("reduce", 1)
        self.assertGreater(len(self.announced("reduce")[1]), 1, "the lost reduce ran again")

    def test_a_worker_killed_in_mid_shuffle_changes_nothing(self):
        # The held reduce keeps its slot; the dead worker's map output is needed by later reduces,
        # and can only be had over the network.
        self.kill_a_worker("reduce", 0, worker_flags=["--shuffle", "remote"],
                           phase_of_kill="other")

    def corrupt_a_map_output(self, offset_of, worker_flags):
        """Flips a bit of map 2's output between map and reduce; map 2 alone is to run again."""
        paths = make_text(self.directory, files=6)
        c = self.cluster(workers=2, worker_flags=worker_flags, coordinator_flags=["--no-speculation"])
        job = c.submit(*self.gate_flags(paths, hold="map", task=5))
        wait_for(lambda: len(c.run_files()) == 5, "the outputs of all maps but the held one")
        run_file.flip(next(p for p in c.run_files() if "-task-2-" in p.name), offset_of)
        self.release.open()
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))
        self.assertEqual({t: len(p) for t, p in self.announced("map").items()},
                         {t: 2 if t == 2 else 1 for t in range(6)})
        maps = status["stages"][0]
        self.assertEqual(int(maps["outputsLost"]), 1, maps)
        self.assertEqual(int(maps["attemptsFailed"]), 0, "it is nobody's fault")

    def test_a_damaged_map_output_on_this_host_is_made_again(self):
        self.corrupt_a_map_output(lambda data: run_file.payload_offset(data, 1), [])

    def test_a_damaged_map_output_that_is_fetched_is_made_again(self):
        self.corrupt_a_map_output(lambda data: run_file.payload_offset(data, 1),
                                  ["--shuffle", "remote"])

    def test_a_damaged_map_output_that_is_fetched_compressed_is_made_again(self):
        self.corrupt_a_map_output(lambda data: run_file.payload_offset(data, 1),
                                  ["--shuffle", "remote", "--shuffle-compression", "on"])

    def test_a_map_output_with_a_damaged_index_on_this_host_is_made_again(self):
        self.corrupt_a_map_output(run_file.index_offset, [])

    def test_a_map_output_with_a_damaged_index_that_is_fetched_is_made_again(self):
        self.corrupt_a_map_output(run_file.index_offset, ["--shuffle", "remote"])

    def test_a_coordinator_killed_in_mid_job_goes_on_after_its_restart(self):
        paths = make_text(self.directory, files=6)
        c = self.cluster(workers=2, lease="5s")
        job = c.submit(*self.gate_flags(paths, hold="map", task=5))
        wait_for(lambda: 5 in self.announced("map"), "map 5 to start")
        c.kill(c.processes["coordinator"])
        self.release.open()
        c.start_coordinator()
        status = c.wait(job)
        self.assertEqual(status["state"], "JOB_STATE_SUCCEEDED", f"{status}\n{c.logs()}")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))
        self.assertEqual({t: len(p) for t, p in self.announced("map").items()},
                         {t: 1 for t in range(6)}, "no finished map ran again")

    def test_submit_wait_and_watch_outlive_coordinators_killed_in_map_and_in_reduce(self):
        """And while the workers live on, nothing that ran is run again."""
        paths = make_text(self.directory, files=6)
        c = self.cluster(workers=2, lease="30s")
        environment = {**os.environ, "GRISTMILL_COORDINATOR": c.address}

        def client(*args):
            process = subprocess.Popen([c.binary, *map(str, args)], env=environment, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            self.addCleanup(process.kill)
            return process

        def kill_and_restart():
            c.kill(c.processes["coordinator"])
            c.start_coordinator()

        submit = client("submit", *self.gate_flags(paths, hold="reduce", task=1), "--wait")
        wait_for(lambda: c.json("list")["jobs"], "the job to be there")
        watch = client("watch", 1)
        for process in (submit, watch):
            self.assertTrue(process.stderr.readline(), "it has heard of the job")
        for maps in (1, 3, 6):
            wait_for(lambda: len(self.announced("map")) >= maps, f"{maps} maps to start")
            kill_and_restart()
        wait_for(lambda: 1 in self.announced("reduce"), "the held reduce to start")
        kill_and_restart()
        self.release.open()
        for name, process in (("submit", submit), ("watch", watch)):
            _, errors = process.communicate(timeout=90)
            self.assertEqual(process.returncode, 0, f"{name}: {errors}\n{c.logs()}")
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))
        self.assertEqual({t: len(p) for t, p in self.announced("map").items()},
                         {t: 1 for t in range(6)}, "no map ran again")
        self.assertEqual({t: len(p) for t, p in self.announced("reduce").items()},
                         {t: 1 for t in range(3)}, "no reduce ran again")
        self.assertEqual(len(c.json("list")["jobs"]), 1, "one submission, one job")

    def test_a_drained_worker_hands_over_and_leaves(self):
        paths = make_text(self.directory, files=6)
        c = self.cluster(workers=2)
        job = c.submit(*self.gate_flags(paths, hold="map", task=5))
        held = wait_for(lambda: self.announced("map").get(5), "map 5 to start")[0]
        leaver = c.worker_of_runner(held)
        leaver.terminate()
        wait_for(lambda: any(w["state"] == "WORKER_STATE_DRAINING" for w in c.workers()), "draining to show")
        self.release.open()
        self.assertEqual(c.wait(job)["state"], "JOB_STATE_SUCCEEDED", c.logs())
        self.assertEqual(leaver.wait(timeout=30), 0, c.logs())
        self.assertEqual(parse_counts(read_output(self.out)), count_words(paths))
        self.assertEqual({t: len(p) for t, p in self.announced("map").items()},
                         {t: 1 for t in range(6)}, "the leaver's map output was served")

    def misbehave(self, c, how, times=1_000_000, extra=()):
        path = self.directory / "one.txt"
        path.write_text("a\nb\n")
        return c.run("submit", "misbehave", "--input", path, "--output", self.out, "--param",
                     f"how={how}", "--param", f"dir={self.marks}", "--param", f"times={times}",
                     "--wait", *extra, check=False)

    def test_an_exception_fails_the_job_with_its_own_message_after_four_attempts(self):
        c = self.cluster(workers=2)
        result = self.misbehave(c, "throw")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the dictionary is missing", result.stderr)
        self.assertIn("one.txt", result.stderr)
        self.assertEqual(len(self.announced("map")[0]), 4)
        wait_for(lambda: not self.out.exists(), "partial output to be cleared away")

    def test_a_failure_is_retried_on_another_worker(self):
        c = self.cluster(workers=2)
        result = self.misbehave(c, "throw", times=1)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(set(self.announced("map")[0])), 2, "two runners, two workers")

    def test_a_crash_costs_a_runner_and_not_the_worker(self):
        c = self.cluster(workers=1)
        before = c.workers()[0]["id"]
        result = self.misbehave(c, "segfault", times=2)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(c.workers()[0]["id"], before)
        shutil.rmtree(self.out)
        for path in self.marks.iterdir():
            path.unlink()
        result = self.misbehave(c, "segfault")
        self.assertEqual(result.returncode, 1)
        self.assertIn("SIGSEGV", result.stderr)

    def test_cancel_stops_an_infinite_loop(self):
        path = self.directory / "one.txt"
        path.write_text("a\n")
        c = self.cluster(workers=1)
        job = c.submit("misbehave", "--input", path, "--output", self.out, "--param", "how=loop",
                       "--param", f"dir={self.marks}")
        held = wait_for(lambda: self.announced("map").get(0), "the loop to start")[0]
        c.run("cancel", job)
        wait_for(lambda: not pathlib.Path(f"/proc/{held}").exists(), "the runner to die")
        self.assertEqual(c.json("status", job)["state"], "JOB_STATE_CANCELLED")
        wait_for(lambda: not self.out.exists(), "the output directory to be removed")

    def test_several_jobs_run_at_once(self):
        paths = make_text(self.directory, files=2)
        c = self.cluster(workers=2)
        held = c.submit(*self.gate_flags(paths, hold="map", task=1))
        wait_for(lambda: 1 in self.announced("map"), "map 1 to start")
        other = self.directory / "other"
        c.run("submit", "wordcount", "--input", paths[0], "--output", other, "--wait")
        self.assertEqual(c.json("status", held)["state"], "JOB_STATE_RUNNING")
        self.release.open()
        self.assertEqual(c.wait(held)["state"], "JOB_STATE_SUCCEEDED")


if __name__ == "__main__":
    TESTBED = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
