"""Whole commands under Windows' rules for files, and with what prun finds of ``os`` there.

`tests/windows/sitecustomize.py` says which rules. It is no Windows: paths and the start of processes stay
POSIX's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import Project, ran, reused, statuses

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

WINDOWS = Path(__file__).parent.parent / "windows"
RULES = {"PYTHONPATH": str(WINDOWS), "PATH": f"{WINDOWS}{os.pathsep}{os.environ['PATH']}"}
LOKY = ("--backend", "loky", "-j", "2")

CODE = """
import subprocess, sys, time
from pathlib import Path
import numpy

def array(n):
    return numpy.full(300_000, n)

def folder(array):
    Path("made/deep").mkdir(parents=True, exist_ok=True)
    Path("made/deep/a.txt").write_text(str(array.sum()))
    return Path("made")

def read(folder, array):
    return (folder / "deep" / "a.txt").read_text() + str(len(array))

def hang():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    Path("child").write_text(str(child.pid))
    time.sleep(300)
"""
PIPELINE = """
params: {n: 1}
steps:
  array: {call: "work:array", inputs: {n: params.n}}
  folder: {call: "work:folder", inputs: {array: array}, publish: out}
  read: {call: "work:read", inputs: {folder: folder, array: array}, publish: read.txt}
"""


@pytest.fixture
def made(project: Project) -> Project:
    project.file("work.py", CODE).pipeline(PIPELINE)
    project.run(*LOKY, env=RULES)
    return project


def large_blob(project: Project) -> Path:
    return next(path for path in project.stored_files() if path.parent.parent.name == "blobs")


def test_run_again_change_and_publish(made: Project) -> None:
    assert len(reused(made.run(*LOKY, env=RULES))) == 3
    assert made.text("out/deep/a.txt") == "300000"
    assert len(ran(made.run(*LOKY, "-p", "n=2", env=RULES))) == 3
    assert made.text("read.txt") == "600000300000"
    made.remove("read.txt")
    assert len(reused(made.run(*LOKY, "-p", "n=2", env=RULES))) == 3
    assert made.text("read.txt") == "600000300000"
    assert not list((made.folder / ".prun" / "tmp").iterdir())


def test_what_is_damaged_is_made_again(made: Project) -> None:
    for path in made.stored_files():
        if path.parent.parent.name == "blobs" or "trees" in path.parts:
            path.chmod(0o644)
            path.write_bytes(bytes(path.stat().st_size))
            path.chmod(0o444)
    made.edit("work.py", "str(len(array))", "str(len(array) + 1)")
    assert set(statuses(made.run(*LOKY, env=RULES)).values()) <= {"succeeded", "reused"}
    assert made.text("read.txt") == "300000300001"


def test_gc_leaves_what_is_open_and_takes_the_rest(made: Project) -> None:
    blob = large_blob(made)
    count = len(made.stored_files())
    gc = ("cache", "gc", "--keep-runs", "0", "--grace", "0s", "--json")
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import sys; f = open({str(blob)!r}); print(flush=True); sys.stdin.read()"],
        env=made.environment(RULES),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    size = blob.stat().st_size
    assert made.prun(*gc, env=RULES).json["bytes"] < size
    assert blob.exists()
    assert len(made.stored_files()) < count
    holder.communicate()
    assert made.prun(*gc, env=RULES).json["bytes"] >= size
    assert not blob.exists()


def test_a_task_that_hangs_is_ended_with_its_children(project: Project) -> None:
    project.file("work.py", CODE).pipeline("steps: {hang: {call: 'work:hang', timeout: 3s}}\n")
    result = project.run(*LOKY, env=RULES, exit=1)
    assert "timed out" in result.json["tasks"][0]["error"]
    child = project.text("child")
    listed = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, check=False).stdout
    assert not listed.strip() or listed.strip().startswith(b"Z")


def test_two_runs_at_once(made: Project) -> None:
    args = ("run", *LOKY, "-p", "n=3", "--json")
    both = [made.start(*args, env=RULES) for _ in range(2)]
    for process in both:
        result = made.finish(process, *args)
        assert result.exit == 0, result
    assert made.text("read.txt") == "900000300000"


ELSEWHERE = """
from pathlib import Path

def programs():
    Path("made").mkdir()
    Path("made/tool").write_text("#!/bin/sh")
    Path("made/tool").chmod(0o755)
    return Path("made")

def links():
    Path("linked").mkdir()
    Path("linked/a.txt").write_text("a")
    Path("linked/b.txt").symlink_to("a.txt")
    return Path("linked")

def read(folder, n):
    return sorted(p.name for p in folder.iterdir()) * n
"""
READ = """
params: {n: 1}
steps:
  FOLDER: {call: "work:FOLDER"}
  read: {call: "work:read", inputs: {folder: FOLDER, n: params.n}}
"""


def test_a_folder_with_programs_made_elsewhere_is_put_up_once(project: Project) -> None:
    project.file("work.py", ELSEWHERE).pipeline(READ.replace("FOLDER", "programs"))
    project.run()
    tree = next((project.folder / ".prun" / "trees").glob("*/*"))
    before = tree.stat().st_ino
    found = project.run("-p", "n=2", env=RULES)
    assert (ran(found), reused(found)) == ({"read"}, {"programs"})
    assert tree.stat().st_ino == before


def test_links_that_nobody_may_make_are_told(project: Project) -> None:
    project.file("work.py", ELSEWHERE).pipeline(READ.replace("FOLDER", "links"))
    project.run()
    shutil.rmtree(project.folder / ".prun" / "trees")
    found = project.run("-p", "n=2", env=RULES, exit=None)
    assert reused(found) == {"links"}
    assert "developer mode" in found.tasks["read"]["error"]
    assert not list((project.folder / ".prun" / "tmp").iterdir())
    assert ran(project.run("-p", "n=2")) == {"read"}
