"""Temporary files: those of processes that died go, those that are being written stay, whatever the
clock says."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline_runner.store.census import Census
from pipeline_runner.store.local import LocalFiles, may_be_written
from pipeline_runner.store.store import Store
from pipeline_runner.store.sweep import Limits, Roots, carry_out, plan

posix = pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
RUN = "20261122-185315-560612"


def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_by(files: LocalFiles, pid: int, owner: str = RUN) -> Path:
    path = Path(files.url, "tmp", f"{owner}-{pid}-1-abcdef01" if owner else f"{pid}-1-abcdef01")
    path.write_bytes(b"half")
    os.utime(path, (1, 1))  # or: the clock has jumped by decades since
    return path


@posix
@pytest.mark.parametrize("owner", ["", RUN])
def test_what_a_living_process_writes_stays(tmp_path: Path, owner: str) -> None:
    files = LocalFiles(str(tmp_path / "store"))
    files.owner = owner
    name = os.path.basename(files.temporary())
    assert may_be_written(name)
    assert not may_be_written(name.replace(f"{os.getpid()}-1-", f"{dead()}-1-"))
    mine, other = left_by(files, os.getpid(), owner), left_by(files, dead(), owner)
    LocalFiles(files.url).temporary()
    assert (mine.exists(), other.exists()) == (True, False)


@posix
def test_gc_goes_by_the_same(tmp_path: Path) -> None:
    store = Store.open("store", str(tmp_path))
    assert isinstance(store.files, LocalFiles)
    store.runs.write_latest("demo", {})
    mine, other = left_by(store.files, os.getpid()), left_by(store.files, dead())
    census = Census(store)
    carry_out(store, census, plan(census, Roots([], ()), Limits(time.time() + 1e6)))
    assert (mine.exists(), other.exists()) == (True, False)


@pytest.mark.parametrize("name", ["", "x", "a-b", "4999999-1-abcd", "9" * 40 + "-1-a", "junk-1-a"])
def test_names_of_nobody(name: str) -> None:
    assert not may_be_written(name)


def test_threads_that_write_at_once_take_no_name_twice(tmp_path: Path) -> None:
    files, before = LocalFiles(str(tmp_path / "store")), sys.getswitchinterval()
    names: list[str] = []
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda: names.extend(files.temporary() for _ in range(3000)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len(set(names)) == len(names) == 12000
