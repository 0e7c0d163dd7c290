"""Whether the process that makes a run is still there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.app.runner import BEAT_SECONDS, SILENT_SECONDS, Runner, host_name, status_now
from pipeline_runner.store.store import Store

RUN = "20260105-101500-abc001"


def begun(store: Store, **fields: Any) -> dict[str, Any]:
    """The record of a run that began at 1000."""
    record = {"run_id": RUN, "status": "running", "started": 1000.0, "host": host_name(), **fields}
    store.runs.write_json(RUN, "run", record)
    return record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"), str(tmp_path))


def test_here_the_lock_tells(store: Store) -> None:
    record = begun(store)
    runner = Runner(store, RUN)
    assert status_now(record, store, now=1e9) == "running"
    runner.close()
    assert status_now(record, store, now=1000.0) == "killed"


def test_one_that_ended_between_two_looks(store: Store) -> None:
    record = begun(store)
    begun(store, status="failed")
    assert status_now(record, store, now=1000.0) == "failed"
    assert status_now({**record, "status": "succeeded"}, store) == "succeeded"


@pytest.mark.parametrize("shared", [False, True])
def test_elsewhere_its_signs_of_life_tell(tmp_path: Path, shared: bool) -> None:
    url = f"memory://{tmp_path.name}" if shared else str(tmp_path / "store")
    store = Store.open(url, str(tmp_path))
    record = begun(store, host="another")
    now = [1000.0]
    runner = Runner(store, RUN, now=lambda: now[0])
    if not shared:  # a lock of the other machine is not seen here
        assert runner._held is not None
        runner._held.release()
        runner._held = None
    assert status_now(record, store, now=1000.0 + SILENT_SECONDS - 1) == "running"
    assert status_now(record, store, now=1000.0 + SILENT_SECONDS) == "killed"
    for _ in range(20):
        now[0] += BEAT_SECONDS
        runner.beat()
    assert status_now(record, store, now=now[0] + SILENT_SECONDS - 1) == "running"
    assert status_now(record, store, now=now[0] + SILENT_SECONDS) == "killed"
    runner.close()
    assert store.runs.read_json(RUN, "alive") is None
