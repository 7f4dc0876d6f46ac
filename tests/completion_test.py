#!/usr/bin/env python3
"""Completion of command lines: what the binary offers, and what shells make of it.

usage: completion_test.py GRISTMILL [unittest arguments]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

GRISTMILL = None


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, **options).stdout


class CompletionTest(unittest.TestCase):
    def offers(self, *words):
        return [line.split("\t")[0] for line in run(GRISTMILL, "complete", *words).splitlines()]

    def test_commands_come_first(self):
        offers = self.offers("")
        for command in ("run", "submit", "verify", "replay", "coordinator", "explain", "logs"):
            self.assertIn(command, offers)
        self.assertNotIn("complete", offers)
        self.assertEqual(self.offers("bench", ""), ["scaling", "prediction"])
        self.assertIn("submit", self.offers("help", ""))

    def test_jobs_where_a_job_is_named(self):
        for words in (("run", ""), ("submit", "--wait", "wo"), ("verify", "--threads", "3", ""), ("jobs", ""),
                      ("chaos", "--job", "")):
            self.assertIn("wordcount", self.offers(*words), words)
        self.assertEqual(self.offers("watch", ""), [])
        self.assertEqual(self.offers("run", "wordcount", ""), [])

    def test_flags_and_their_values(self):
        for flag in ("--split-size", "--dry-run", "--task-cpus", "--halt", "--timeout", "--job-log"):
            self.assertIn(flag, self.offers("run", "wordcount", "--"))
            self.assertIn(flag, self.offers("submit", "wordcount", "--"))
        self.assertIn("--label", self.offers("worker", "--"))
        self.assertIn("--tsv", self.offers("tasks", "--"))
        self.assertEqual(self.offers("run", "wordcount", "--input", ""), [":files"])
        self.assertEqual(self.offers("run", "wordcount", "--input", "a", ""), [":files"])
        self.assertEqual(self.offers("run", "wordcount", "--input", "=", ""), [":files"])
        self.assertEqual(self.offers("run", "wordcount", "--file", ""), [":files"])
        self.assertEqual(self.offers("run", "wordcount", "-o", ""), [":directories"])
        self.assertEqual(self.offers("run", "wordcount", "-o", "out", ""), [])
        self.assertEqual(self.offers("run", "wordcount", "--param", "l"), ["lower=", "letters="])
        self.assertEqual(self.offers("run", "wordcount", "--partitions", ""), [])

    def test_commands_of_hadoop(self):
        self.assertEqual(self.offers("hadoop", ""), ["jar", "fs", "version"])
        self.assertIn("-getmerge", self.offers("hadoop", "fs", "-"))
        self.assertEqual(self.offers("hadoop", "fs", "-ls", ""), [":files"])

    def test_an_unknown_shell_is_refused(self):
        result = subprocess.run([GRISTMILL, "completion", "tcsh"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("completion for bash, zsh and fish, not for 'tcsh'", result.stderr)

    def in_bash(self, *words):
        script = ('eval "$("$1" completion bash)"; shift; COMP_WORDS=(gristmill "${@:2}"); '
                  'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _gristmill "$1" "${COMP_WORDS[COMP_CWORD]}" ""; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return run("bash", "-c", script, "bash", GRISTMILL, GRISTMILL, *words).split()

    def test_bash(self):
        self.assertEqual(self.in_bash("ver"), ["verify", "version"])
        self.assertEqual(self.in_bash("run", "wordc"), ["wordcount"])
        self.assertEqual(self.in_bash("run", "wordcount", "--over"), ["--overwrite"])
        self.assertEqual(self.in_bash("run", "wordcount", "-p", "low"), ["lower="])

    def in_path(self):
        return {**os.environ, "PATH": f"{GRISTMILL.parent}:{os.environ['PATH']}"}

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish(self):
        offers = run("fish", "--no-config", "-c", 'gristmill completion fish | source; complete -C "gristmill run wordc"',
                     env=self.in_path())
        self.assertEqual(offers, "wordcount\tcount the words of text files\n")

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_zsh_takes_the_script(self):
        run("zsh", "-f", "-c", 'autoload -U compinit; compinit -u -D; eval "$(gristmill completion zsh)"; '
                               'whence -f _gristmill', env=self.in_path())


if __name__ == "__main__":
    GRISTMILL = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
