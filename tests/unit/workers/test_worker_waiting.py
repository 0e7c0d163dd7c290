from __future__ import annotations

import select
from multiprocessing import Pipe

import pytest

from pipeline_runner.workers.waiting import ready


@pytest.mark.parametrize("poll", [True, False])
def test_those_that_can_be_read_or_have_ended(monkeypatch: pytest.MonkeyPatch, poll: bool) -> None:
    if not poll:
        monkeypatch.delattr(select, "poll", raising=False)
    pipes = [Pipe(duplex=False) for _ in range(3)]
    readers = [reader for reader, _ in pipes]
    assert list(ready(readers, 0.0)) == []
    assert list(ready(readers, 0.001)) == []
    pipes[2][1].send_bytes(b"x")
    assert list(ready(readers, 5.0)) == [readers[2]]
    pipes[0][1].close()
    assert list(ready(readers, 5.0)) == [readers[0], readers[2]]
    for reader, writer in pipes:
        reader.close()
        writer.close()
