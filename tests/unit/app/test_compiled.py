"""Compiled graphs: used while nothing that they were made from, or are made of, has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner import Pipeline, PipelineError
from pipeline_runner.app import compiled
from pipeline_runner.app.compiled import Compiled, CompiledGraphs
from pipeline_runner.keys.digest import digest
from pipeline_runner.model.graph import Graph


def test_a_graph_of_another_layout_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_bytes(b"steps: {}\n")
    graphs = CompiledGraphs(str(tmp_path / "index"))
    graph = Graph("demo", str(tmp_path), str(file), {})

    name = graphs.name(str(file), None)
    graphs.keep(name, [(str(file), digest(file.read_bytes()))], Compiled(graph, {}, {}))
    kept = graphs.find(name)
    assert kept is not None
    assert kept.graph == graph

    monkeypatch.setattr(compiled, "LAYOUT", [*compiled.LAYOUT, ("Step", ("name", "one", "more"))])
    assert graphs.name(str(file), None) != name


PARAMS = """
params:
  n: 3
  rate: {type: float, default: 0.5, gt: 0, lt: 1}
  name: some text
  ratio: 1.5
  on: true
  train: {lr: 0.1, layers: [1, 2], deep: {er: 1}}
  free: null
profiles:
  big: {params: {n: 30, train: {lr: 0.2}}}
steps:
  a: {call: "work:run", inputs: {x: params.n}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PARAMS)
    (tmp_path / "work.py").write_text("def run(x): return x\n")
    return tmp_path


OVERRIDES = [
    ["n=5"], ["n=0x10"], ["n=-7"], ["n=+7"], ["n=1_000"], ["n=1e3"], ["n=true"], ["n=1.0"], ["n="], ["n=5 "],
    ["n=0o17"], ["n=017"], ["n=2024-01-01"], ["n=" + "9" * 2000], ["n=null"], ["n"], ["m=5"], ["n=[1]"],
    ["ratio=2"], ["ratio=.5"], ["ratio=-.5e-3"], ["ratio=.inf"], ["ratio=1.e5"], ["ratio=--1"], ["ratio=---"],
    ["ratio=..."], ["ratio=-"], ["ratio=1e999"], ["name=5"], ["name= a: b # c"], ["name=null"], ["name="],
    ["on=false"], ["on=no"], ["on=FALSE"], ["train.lr=5"], ["train.layers=[3]"], ["train.layers.x=1"],
    ["train.deep.er=x"], ["train.deep.er=2", "train.new=a_b"], ["train={lr: 3}"], ["train.=1"],
    ["free=a-b.c"], ["free.x.y=12"], ["free=~"], ["free=a:b"], ["free=yes"], ["rate=0.25"], ["rate=1"],
    ["rate=0"], ["rate=x"], ["n=1", "n=2"], ["n=&a"], ["n=*a"], ["n=!!str 5"], ["free=@x"],
    ["free='5'"], ["free=" + "x" * 300],
]  # fmt: skip


@pytest.mark.parametrize("profile", [None, "big"])
@pytest.mark.parametrize("overrides", OVERRIDES, ids=lambda o: " ".join(o)[:30])
def test_params_bound_to_a_kept_graph_are_those_that_a_whole_load_gives(
    folder: Path, overrides: list[str], profile: str | None
) -> None:
    def loaded() -> Any:
        try:
            return repr(Pipeline.load(folder, overrides=overrides, profile=profile).params)
        except PipelineError as error:
            return [(str(p.where), p.message, p.hint) for p in error.problems]

    whole = loaded()
    for kept in (folder / ".prun" / "index" / "graphs").glob("*"):
        kept.unlink()
    Pipeline.load(folder, profile=profile)
    assert list((folder / ".prun" / "index" / "graphs").iterdir())
    assert loaded() == whole


@pytest.mark.parametrize(
    "params", [{"n": 5}, {"train": {"lr": 3}}, {"rate": 2.0}, {"n": "x"}, {"free": {"a": [1]}}]
)
def test_so_are_params_from_python(folder: Path, params: dict[str, Any]) -> None:
    def loaded() -> Any:
        try:
            return repr(Pipeline.load(folder, params=params).params)
        except PipelineError as error:
            return [(p.message, p.hint) for p in error.problems]

    whole = loaded()
    Pipeline.load(folder)
    assert loaded() == whole


def test_a_default_out_of_bounds_is_told_after_a_run_that_replaced_it(folder: Path) -> None:
    text = PARAMS.replace("default: 0.5", "default: 5.0")
    (folder / "pipeline.yaml").write_text(text[: text.index("profiles:")] + text[text.index("steps:") :])
    assert Pipeline.load(folder, overrides=["rate=0.5"]).params["rate"] == 0.5
    with pytest.raises(PipelineError, match="must be less than 1"):
        Pipeline.load(folder)
    assert Pipeline.load(folder, overrides=["rate=0.5"]).params["rate"] == 0.5


def test_a_param_given_by_hand_needs_neither_pydantic_nor_yaml_a_second_time(folder: Path) -> None:
    Pipeline.load(folder)
    code = (
        "import sys; from pipeline_runner import Pipeline\n"
        "p = Pipeline.load(overrides=['n=4', 'name=x y', 'train.lr=0.3'])\n"
        "assert (p.params['n'], p.params['name'], p.params['train']['lr']) == (4, 'x y', 0.3), p.params\n"
        "sys.exit(', '.join({'pydantic', 'yaml'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def test_params_are_part_of_the_graphs_name(folder: Path) -> None:
    names = {
        Pipeline.load(folder, overrides=o)._graph_id
        for o in ([], ["n=4"], ["n=5"], ["ratio=5"], ["on=false"])
    }
    assert len(names) == 5
    assert "" not in names
    assert (
        Pipeline.load(folder, overrides=["n=4"])._graph_id == Pipeline.load(folder, params={"n": 4})._graph_id
    )
