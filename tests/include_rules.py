#!/usr/bin/env python3
"""Checks who includes whom (ARCHITECTURE.md, section 5) and that file names are domain nouns.

usage: include_rules.py [--root DIR]   prints 'file:line: rule: what to do', exits 1 if there is any
       include_rules.py --self-test    plants one violation of each rule and one clean tree
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD = re.compile(r"^[a-z_0-9]+$")  # every C++ standard header, and nothing else, has no dot
POSIX = re.compile(r"^(sys/)?[a-z_]+\.h$")
OUR_FOLDERS = ("base", "bench", "chaos", "cli", "client", "cluster", "coordinator", "gristmill", "jobs", "plugin", "replay",
               "simulation", "storage", "stream", "tests", "verify", "worker")
# What is put together from the rest, and the command line.
PROGRAMS = ("cli", "bench", "chaos", "replay", "verify")
JOB_LIBRARIES = ("jpeglib.h", "png.h", "re2/")
CORES = ("coordinator/core", "worker/core")
CORE_LIBRARIES = ("absl/container/", "absl/hash/", "absl/status/", "absl/types/", "fmt/")
# Pure parts of the shell that the simulation drives, too.
SIMULATED_SHELL = ("coordinator/admission.h", "coordinator/rpc/stall_detector.h")
EFFECTS = {"atomic", "barrier", "chrono", "condition_variable", "cstdio", "ctime", "filesystem",
           "fstream", "future", "iostream", "latch", "mutex", "semaphore", "shared_mutex",
           "stop_token", "syncstream", "thread"}
EFFECT_NAME = re.compile(r"\b(std::(chrono|thread|jthread|mutex|filesystem|o?i?fstream|atomic|"
                         r"random_device)|absl::(Mutex|Now|Time)|grpc::)\b")
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers"}


def inside(path, *folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


def is_test(path):
    """Tests, what they share, and measurements: programs of their own, which no library holds."""
    return pathlib.PurePath(path).stem.endswith(("_test", "_fixture", "_benchmark", "_throughput"))


def is_message(header):
    return header.endswith(".pb.h")


def is_grpc(header):
    return header.endswith(".grpc.pb.h") or header.startswith(("grpcpp/", "grpc/"))


def is_gtest(header):
    return header.startswith(("gtest/", "gmock/"))


def public_api(path, header):
    if not inside(path, "gristmill"):
        return None
    ours = inside(header, "gristmill") and not is_message(header)
    allowed = STANDARD.match(header) or header in ("xxhash.h", "emmintrin.h", "sys/mman.h")
    if ours or allowed or is_test(path) and is_gtest(header):
        return None
    return f"rule 1: gristmill/ includes the standard library, xxhash.h, emmintrin.h and sys/mman.h only, not {header}"


def job_library(path, header):
    if not inside(path, "jobs"):
        return None
    ours = inside(header, "gristmill", "jobs") and not is_message(header)
    if ours or STANDARD.match(header) or header.startswith(JOB_LIBRARIES) or is_test(path) and is_gtest(header):
        return None
    return f"rule 2: jobs/ includes gristmill/, the standard library, RE2, libjpeg and libpng, not {header}"


def programs(path, header):
    if inside(header, "stream") and not inside(path, "stream", *PROGRAMS):
        return f"rule 7: {header} is for stream/ and those who end tasks; a task gets at it as at any job, by gristmill/registry.h"
    if not inside(path, "stream"):
        return None
    ours = inside(header, "base", "gristmill", "stream") and not is_message(header)
    if ours or STANDARD.match(header) or POSIX.match(header) or is_test(path) and is_gtest(header):
        return None
    return f"rule 7: stream/ includes base/, gristmill/, the standard library and POSIX, not {header}"


def pure_cores(path, header):
    core = next((c for c in CORES if inside(path, c)), None)
    if core is None:
        return None
    if is_test(path):
        allowed = not is_grpc(header) and not is_message(header)
    else:
        allowed = (inside(header, "base", core) or header.startswith(CORE_LIBRARIES) or
                   bool(STANDARD.match(header)) and header not in EFFECTS)
    if allowed:
        return None
    return (f"rule 3: {core} includes base/, abseil containers and the standard library without threads, "
            f"clocks and files, not {header}; take it in as an event or hand it out as an action")


def pipeline(path, header):
    if inside(path, "worker/pipeline") and (is_grpc(header) or inside(header, "worker/rpc", "worker/runner")):
        return f"rule 4: worker/pipeline gets remote data through shuffle_port.h, not through {header}"
    return None


def grpc_in_its_place(path, header):
    if is_grpc(header) and not inside(path, "coordinator/rpc", "worker/rpc", "worker/runner", "client"):
        return f"rule 5: only */rpc, worker/runner and client include {header}; put an interface between"
    return None


def sides(path, header):
    for here, other in (("coordinator", "worker"), ("worker", "coordinator")):
        if inside(path, here) and inside(header, other):
            return f"rule 5: {here}/ and {other}/ never include each other ({header}); cli/ composes both"
    return None


def downwards(path, header):
    if inside(header, *PROGRAMS) and not inside(path, *PROGRAMS, "tests"):
        return f"rule 5: {header} is above this folder; only cli/, bench/, chaos/, replay/, verify/ and tests/ include it"
    below = {"base": ("base",), "storage": ("base", "storage", "gristmill"),
             "plugin": ("base", "storage", "gristmill", "plugin"),
             "cluster": ("base", "client", "cluster", "gristmill")}.get(path.split("/")[0])
    if below and inside(header, *OUR_FOLDERS) and not inside(header, *below):
        return f"section 5: {path.split('/')[0]}/ is below {header}; turn the include round"
    return None


def simulation(path, header):
    if inside(header, "simulation") and not inside(path, "simulation", "cli", "bench"):
        return f"rule 6: {header} is for simulation/, cli/ and bench/ only; what it needs must not need it"
    if not inside(path, "simulation") or not inside(header, *OUR_FOLDERS):
        return None
    if is_message(header) or inside(header, "simulation", "base", "coordinator/core", "coordinator/journal",
                                    "worker/core") or header in SIMULATED_SHELL:
        return None
    return f"rule 6: simulation/ drives the cores and the journal; model what {header} does on the virtual clock"


RULES = (public_api, job_library, programs, pure_cores, pipeline, grpc_in_its_place, sides, downwards, simulation)


def without_comments(text):
    """The text with comments and string literals blanked, line for line."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda m: "\n" * m.group().count("\n"), text)


def check_source(root, path):
    text = (root / path).read_text(errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, header = match[1] == '"', match[2]
        if ".." in header or quoted and "/" not in header and (root / path).with_name(header).exists():
            yield number, f'section 5: write the path from the root of the checkout, not "{header}"'
        for rule in RULES:
            message = rule(path, header)
            if message:
                yield number, message
    if inside(path, *CORES) and not is_test(path):
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            match = EFFECT_NAME.search(line)
            if match:
                yield number, f"rule 3: a core has no clock, thread, lock or file ({match[0]}): the shell does"


def check_name(path):
    for part in pathlib.PurePath(path).parts:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", part)
        vague = next((w for w in words if w.lower() in VAGUE), None)
        if vague:
            return f"style: '{part}' says nothing; name the concept instead of '{vague}'"
    return None


def files_of(root):
    """Tracked and new files, without what .gitignore leaves out."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode == 0:
        names = result.stdout.decode().split("\0")
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
    return sorted(n for n in names if n and (root / n).is_file())


def check(root):
    """All violations as (path, line, message), in the order of the paths."""
    found = []
    for path in files_of(root):
        message = check_name(path)
        if message:
            found.append((path, 1, message))
        if path.endswith((".cc", ".h")):
            found += [(path, number, text) for number, text in sorted(set(check_source(root, path)))]
    return found


# ---- self-test -----------------------------------------------------------------------------

CLEAN = {
    "gristmill/job.h": '#include <string>\n#include <xxhash.h>\n#include <emmintrin.h>\n#include "gristmill/task.h"\n',
    "gristmill/task.h": "#include <span>\n",
    "gristmill/codec_test.cc": '#include <gtest/gtest.h>\n#include "gristmill/job.h"\n',
    "jobs/grep.cc": '#include <re2/re2.h>\n#include "gristmill/job.h"\n#include "jobs/count.h"\n',
    "jobs/count.h": "#include <array>\n",
    "coordinator/core/state.cc": '#include "base/ids.h"\n#include "absl/container/btree_map.h"\n'
                                 '#include "coordinator/core/event.h"\n// std::mutex lives in the shell\n'
                                 'auto text = "absl::Now";\n',
    "coordinator/core/event.h": "#include <variant>\n",
    "coordinator/core/state_test.cc": '#include <fstream>\n#include <gtest/gtest.h>\n',
    "coordinator/rpc/shell.cc": '#include <grpcpp/grpcpp.h>\n#include "gristmill/v1/job_service.grpc.pb.h"\n',
    "worker/pipeline/merge.cc": '#include "worker/pipeline/shuffle_port.h"\n#include "gristmill/v1/job.pb.h"\n',
    "storage/files.cc": '#include "base/status.h"\n#include "gristmill/v1/job.pb.h"\n',
    "cli/main.cc": '#include "coordinator/server.h"\n#include "worker/worker.h"\n#include "stream/child.h"\n',
    "stream/child.cc": '#include <sys/wait.h>\n#include <spawn.h>\n#include "stream/child.h"\n#include "gristmill/task.h"\n',
    "simulation/cluster.cc": '#include "worker/core/output.h"\n#include "coordinator/rpc/stall_detector.h"\n'
                             '#include "gristmill/v1/journal.pb.h"\n',
    "docs/commons.md": "\n",
}
PLANTED = [  # file, contents, line, what the message must say
    ("gristmill/job.h", '#include <string>\n#include "base/status.h"\n', 2, "rule 1"),
    ("gristmill/job.h", '#include "gristmill/v1/job.pb.h"\n', 1, "rule 1"),
    ("gristmill/job.h", '#include <gtest/gtest.h>\n', 1, "rule 1"),
    ("jobs/grep.cc", '#include "absl/strings/str_cat.h"\n', 1, "rule 2"),
    ("jobs/grep.cc", '#include "storage/files.h"\n', 1, "rule 2"),
    ("stream/child.cc", '#include "storage/file.h"\n', 1, "rule 7"),
    ("stream/child.cc", '#include <fmt/format.h>\n', 1, "rule 7"),
    ("worker/worker.cc", '#include "stream/child.h"\n', 1, "rule 7"),
    ("coordinator/core/state.cc", "\n#include <thread>\n", 2, "rule 3"),
    ("coordinator/core/state.cc", "#include <unistd.h>\n", 1, "rule 3"),
    ("coordinator/core/state.cc", '#include "absl/synchronization/mutex.h"\n', 1, "rule 3"),
    ("coordinator/core/state.cc", '#include "gristmill/v1/job.pb.h"\n', 1, "rule 3"),
    ("coordinator/core/state.cc", "int x;\nauto now = absl::Now();\n", 2, "rule 3"),
    ("coordinator/core/state_test.cc", '#include "gristmill/v1/job.pb.h"\n', 1, "rule 3"),
    ("worker/core/slots.cc", '#include "coordinator/core/event.h"\n', 1, "rule 3"),
    ("worker/pipeline/merge.cc", '#include "worker/rpc/shuffle_client.h"\n', 1, "rule 4"),
    ("worker/pipeline/merge.cc", "#include <grpcpp/grpcpp.h>\n", 1, "rule 4"),
    ("cli/main.cc", '#include "gristmill/v1/job_service.grpc.pb.h"\n', 1, "rule 5"),
    ("coordinator/admission.cc", '#include "worker/worker.h"\n', 1, "rule 5"),
    ("worker/worker.cc", '#include "coordinator/admission.h"\n', 1, "rule 5"),
    ("client/client.cc", '#include "cli/table.h"\n', 1, "rule 5"),
    ("cluster/local_cluster.cc", '#include "chaos/chaos.h"\n', 1, "rule 5"),
    ("simulation/cluster.cc", '#include "coordinator/rpc/driver.h"\n', 1, "rule 6"),
    ("worker/worker.cc", '#include "simulation/random.h"\n', 1, "rule 6"),
    ("base/units.cc", '#include "storage/files.h"\n', 1, "section 5"),
    ("storage/files.cc", '#include "../base/status.h"\n', 1, "section 5"),
    ("cluster/child_process.cc", '#include "worker/worker.h"\n', 1, "section 5"),
    ("plugin/elf_file.cc", '#include "worker/worker.h"\n', 1, "section 5"),
    ("jobs/grep.cc", '#include "count.h"\n', 1, "section 5"),
    ("worker/spill_utils.cc", "\n", 1, "style"),
    ("cli/SlotManager.h", "\n", 1, "style"),
]


def violations_with(files):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, contents in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(contents)
        return check(root)


def self_test():
    failures = []
    clean = violations_with(CLEAN)
    if clean:
        failures.append(f"the clean tree is blamed: {clean}")
    for path, contents, line, rule in PLANTED:
        found = violations_with({**CLEAN, path: contents})
        if not any(p == path and n == line and rule in text for p, n, text in found):
            failures.append(f"{path} with {contents!r}: expected line {line}, {rule}; found {found}")
        if any(p != path for p, _, _ in found):
            failures.append(f"{path} with {contents!r}: another file is blamed: {found}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"include_rules: {len(PLANTED) + 1} cases, {len(failures)} failures")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    found = check(arguments.root)
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    if not found:
        print(f"include_rules: {len(files_of(arguments.root))} files keep the rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
