from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner.app.findings import MISSING_BLOB
from pipeline_runner.app.verify import verify
from pipeline_runner.model.artifact import Artifact, CacheKey, Entry
from pipeline_runner.store.store import Store


@pytest.mark.parametrize("codec", ["bytes", "tree", "pickle"])
@pytest.mark.parametrize("name", ["../../victim", "x/../../victim"])
def test_repairing_a_forged_entry_removes_nothing_elsewhere(tmp_path: Path, codec: str, name: str) -> None:
    store = Store.open(str(tmp_path / "project" / ".prun"), str(tmp_path))
    store.blobs.put(b"something")
    made = {"": Artifact("c" * 48, codec, 4, blob=name)}
    entry = Entry(CacheKey("a" * 48, "b" * 48), made, {}, 1.0, 1.0, "20260101-000000-abcdef", "step")
    store.commit([entry])
    victim = Path(store.url, "blobs", name[:2], name).resolve()
    victim.parent.mkdir(parents=True, exist_ok=True)
    Path(store.url, "blobs", name[:2], name[:1]).mkdir(parents=True, exist_ok=True)
    victim.write_text("mine")
    found = verify(store, repair=True)
    assert [f.kind for f in found.findings] == [MISSING_BLOB]
    assert victim.read_text() == "mine"
    assert store.lookup([entry.key]) == {}
