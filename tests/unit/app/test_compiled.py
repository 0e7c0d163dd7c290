"""Compiled graphs: used while nothing that they were made from, or are made of, has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner.app import compiled
from pipeline_runner.app.compiled import Compiled, CompiledGraphs
from pipeline_runner.keys.digest import digest
from pipeline_runner.model.graph import Graph


def test_a_graph_of_another_layout_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_bytes(b"steps: {}\n")
    graphs = CompiledGraphs(str(tmp_path / "index"))
    graph = Graph("demo", str(tmp_path), str(file), {})

    name = graphs.name(str(file), None, None, ())
    assert name is not None
    graphs.keep(name, [(str(file), digest(file.read_bytes()))], Compiled(graph, {}))
    kept = graphs.find(name)
    assert kept is not None
    assert kept.graph == graph

    monkeypatch.setattr(compiled, "LAYOUT", [*compiled.LAYOUT, ("Step", ("name", "one", "more"))])
    assert graphs.name(str(file), None, None, ()) != name
