#!/usr/bin/env python3
"""The pure parts of bench/run: statistics, tables, comparison, charts, and what is a wrong output."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import charts, data, growth, instructions, outputs, processes, report  # noqa: E402
from harness.measurements import Entry, Missing, worse_by  # noqa: E402
from harness.ratios import Spread, alternate, ratios_of, steepest_step  # noqa: E402


def entry(row="words", median=1.4, more_is_better=False, target=1.5, unit="×"):
    return Entry(row, f"row {row}", "embedded", "gristmill run", "limit" if unit == "×" else "",
                 unit, Spread(median, median - 0.1, median + 0.1), target, more_is_better,
                 seconds=(1.0, 2.0, 3.0))


class Ratios(unittest.TestCase):
    def test_a_spread_is_median_and_extremes(self):
        self.assertEqual(Spread.of([3, 1, 2, 10]), Spread(2.5, 1, 10))
        with self.assertRaises(ValueError):
            Spread.of([])

    def test_ratios_pair_the_runs_of_one_round(self):
        self.assertEqual(ratios_of([2, 9], [1, 3]), [2, 3])
        with self.assertRaises(ValueError):
            ratios_of([1], [1, 2])

    def test_runs_alternate_and_each_is_first_in_turn(self):
        order = []
        runs = {name: lambda n=name: order.append(n) or len(order) for name in "abc"}
        results = alternate(3, runs)
        self.assertEqual("".join(order), "abcbcacab")
        self.assertEqual(results, {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]})

    def test_the_steepest_step_is_measured_against_linear_growth(self):
        self.assertEqual(steepest_step([(1, 1.0), (10, 10.0), (20, 60.0)]), (3.0, 20))
        self.assertIsNone(steepest_step([(1, 1.0)]))


class Comparison(unittest.TestCase):
    def compare(self, now, baseline):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(report.to_json([baseline], {"commit": "abc"}))
            file.flush()
            return report.compare([now], report.load_baseline(file.name))

    def test_less_than_15_percent_worse_is_not_held_against_a_row(self):
        lines, regressed = self.compare(entry(median=1.6), entry(median=1.4))
        self.assertEqual(regressed, [])
        self.assertIn("14% worse", lines[0])

    def test_more_than_15_percent_worse_is(self):
        lines, regressed = self.compare(entry(median=1.62), entry(median=1.4))
        self.assertEqual(regressed, ["words"])
        self.assertIn("too much", lines[0])

    def test_of_rates_less_is_worse(self):
        fast, slow = entry(median=50_000, more_is_better=True), entry(median=40_000,
                                                                      more_is_better=True)
        self.assertEqual(worse_by(slow, fast.spread.median), 1.25)
        self.assertEqual(self.compare(slow, fast)[1], ["words"])
        self.assertEqual(self.compare(fast, slow)[1], [])

    def test_a_row_that_is_measured_against_nothing_is_named_without_a_slash(self):
        lines, regressed = self.compare(entry(row="trivial", unit="ms", median=60),
                                        entry(row="trivial", unit="ms", median=20))
        self.assertTrue(lines[0].startswith("trivial/embedded: 60.0 ms, was 20.0: 200% worse"), lines)
        self.assertEqual(regressed, ["trivial"])

    def test_what_the_baseline_lacks_is_said_and_no_failure(self):
        lines, regressed = self.compare(entry(row="sort"), entry())
        self.assertEqual((lines, regressed), (["sort/embedded/limit: not in the baseline"], []))

    def test_a_file_that_is_no_report_is_refused_in_a_sentence(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("{}")
            file.flush()
            with self.assertRaisesRegex(ValueError, "is not a report of bench/run"):
                report.load_baseline(file.name)
        with self.assertRaisesRegex(ValueError, "can't read /nowhere: .*; give the JSON file"):
            report.load_baseline("/nowhere")


class Reports(unittest.TestCase):
    def test_the_table_says_what_was_met_missed_and_not_measured(self):
        table = report.render_table([entry(), entry(row="sort", median=2.0),
                                     Missing("grep", "grep", "there is no grep")])
        lines = table.splitlines()
        self.assertTrue(lines[1].endswith("≤ 1.50  met"), lines[1])
        self.assertTrue(lines[2].endswith("≤ 1.50  missed"), lines[2])
        self.assertEqual(lines[3], "Not measured: grep: there is no grep.")

    def test_a_target_of_more_is_met_by_more(self):
        self.assertTrue(entry(median=2, more_is_better=True).met())
        self.assertFalse(entry(median=1, more_is_better=True).met())
        self.assertIsNone(entry(target=None).met())

    def test_the_json_has_every_run(self):
        written = json.loads(report.to_json([entry()], {"commit": "abc"}))
        self.assertEqual(written["entries"][0]["seconds"], [1.0, 2.0, 3.0])
        self.assertEqual(written["entries"][0]["key"], "words/embedded/limit")

    def test_charts_are_well_formed(self):
        line = [(10, Spread(1, 0.9, 1.1)), (100, Spread(8, 7, 9))]
        for svg in (charts.ratio_chart("a < b", [entry(), entry(target=None), entry(unit="ms")]),
                    charts.growth_chart("growth", "keys", {"embedded": line, "cluster": line})):
            root = xml.etree.ElementTree.fromstring(svg)
            self.assertTrue(root.tag.endswith("svg"))
            for number in (float(e.get("cx")) for e in root.iter() if e.get("cx")):
                self.assertTrue(0 <= number <= 1100)


class Growth(unittest.TestCase):
    def test_a_cliff_is_named_and_linear_growth_is_not(self):
        linear = [(1, Spread(1, 1, 1)), (10, Spread(10, 10, 10))]
        cliff = [(1, Spread(1, 1, 1)), (10, Spread(20, 20, 20))]
        self.assertEqual(growth.verdicts("w", {"run": linear})[1], True)
        sentences, good = growth.verdicts("w", {"run": cliff})
        self.assertFalse(good)
        self.assertIn("a cliff", sentences[0])


class Instructions(unittest.TestCase):
    def test_the_count_is_what_callgrind_says_last(self):
        self.assertEqual(instructions.parse_callgrind("==7== Events    : Ir\n"
                                                      "==7== Collected : 123456\n"), 123456)
        with self.assertRaisesRegex(processes.Failed, "told no count"):
            instructions.parse_callgrind("Illegal instruction")

    def test_what_executes_a_tenth_more_is_worse_and_less_is_told(self):
        lines, worse = instructions.compare({"map": 11.1, "sort": 9.0, "merge": 10.1, "new": 1.0},
                                            {"map": 10.0, "sort": 10.0, "merge": 10.0})
        self.assertEqual(lines, ["map: 11.0% more than 10.00", "sort: 10.0% fewer than 10.00",
                                 "new: not in the baseline"])
        self.assertEqual(worse, ["map"])


class Outputs(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)

    def file(self, name, text):
        path = self.root / name
        path.write_text(text)
        return path

    def test_a_wrong_output_is_no_measurement(self):
        verifier = outputs.Verifier()
        verifier.expect([self.file("expected", "a\t1\nb\t2\n")])
        parts = [self.file("p0", "b\t2\n"), self.file("p1", "a\t1\n")]
        merge = lambda parts: [outputs.merged(parts, self.root / "merged")]  # noqa: E731
        verifier.check(parts, "run", merge)
        verifier.check(parts, "run", merge)
        with self.assertRaises(outputs.WrongOutput):
            verifier.check([self.file("p0", "b\t3\n"), parts[1]], "run", merge)

    def test_a_partition_that_is_not_sorted_is_a_wrong_output(self):
        verifier = outputs.Verifier()
        verifier.expect([self.file("expected", "a\t1\nb\t2\n")])
        with self.assertRaises(outputs.WrongOutput):
            verifier.check([self.file("p0", "b\t2\na\t1\n")], "run",
                           lambda parts: [outputs.merged(parts, self.root / "merged")])

    def test_an_output_without_success_is_none(self):
        self.file("part-00000-of-00001", "a\n")
        with self.assertRaisesRegex(outputs.WrongOutput, "no _SUCCESS"):
            outputs.parts_of(self.root)

    def test_files_appear_whole_or_not_at_all(self):
        store = data.Data(self.root / "data", lambda words: None)
        with self.assertRaises(processes.Failed):
            store.file("x", lambda path: processes.run("false"))
        self.assertEqual(list(store.directory.iterdir()), [])
        made = store.file("x", lambda path: path.write_text("1\n22\n333\n4444\n"))
        self.assertEqual(store.file("x", None), made)
        pieces = store.pieces(made, 2)
        self.assertEqual([p.read_text() for p in pieces], ["1\n22\n333\n", "4444\n"])

    def test_a_program_that_fails_is_named_with_its_last_words(self):
        with self.assertRaisesRegex(processes.Failed, "ended with 3: no luck"):
            processes.run("bash", "-c", "echo no luck >&2; exit 3")
        with self.assertRaisesRegex(processes.Failed, "can't run no-such-program"):
            processes.run("no-such-program")

    def test_programs_that_run_together_end_when_the_harness_is_interrupted(self):
        command = ["sh", "-c", 'echo $$ > "$0" && exec sleep 1000']
        pid_pipes = [self.root / "first", self.root / "second"]
        for path in pid_pipes:
            os.mkfifo(path)
        script = ("import signal, sys\n"
                  f"sys.path.insert(0, {str(pathlib.Path(__file__).resolve().parent)!r})\n"
                  "from harness import processes\n"
                  "def interrupt(*_):\n"
                  "    raise KeyboardInterrupt\n"
                  "signal.signal(signal.SIGTERM, interrupt)\n"
                  f"processes.run_together({[[*command, str(path)] for path in pid_pipes]!r})\n")
        harness = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        self.addCleanup(harness.wait)
        self.addCleanup(harness.kill)
        pids = [int(subprocess.run(["cat", path], timeout=30, stdout=subprocess.PIPE, check=True).stdout)
                for path in pid_pipes]
        harness.terminate()
        self.assertNotEqual(harness.wait(timeout=30), 0)
        for pid in pids:
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)

    def test_made_text_has_the_asked_words_and_no_more(self):
        path = self.root / "text"
        data.make_text(path, 10_000, 50, zipf=True, seed=1)
        self.assertEqual(len(set(path.read_text().split())), 50)
        data.make_records(self.root / "records", 100 * 25_000, seed=1)
        self.assertEqual((self.root / "records").stat().st_size, 100 * 25_000)


if __name__ == "__main__":
    unittest.main()
