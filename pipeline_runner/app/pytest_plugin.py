"""The pytest plugin: pipelines tested as one functional unit.

Example::

    def test_churn(prun_pipeline):
        run = prun_pipeline("pipeline.yaml", params={"seeds": [1]})
        assert run.status == "succeeded"
        assert run.output("evaluate.auc") > 0.7
        assert run.task("train[0,1]").reason == "new"
        assert prun_pipeline("pipeline.yaml", params={"seeds": [1]}).counts["succeeded"] == 0
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .run import Run


@pytest.fixture
def prun_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Run a pipeline in a temporary store and publish nothing into the project.

    ``prun_pipeline(path, params=None, **run_options) -> Run``; ``run_options`` are those of
    ``Pipeline.run``, besides ``profile`` and ``overrides`` of ``Pipeline.load``. Within one test
    all runs share a store, so that what a second run reuses can be asserted.
    """
    store: list[Path] = []

    def run(path: str | os.PathLike[str], params: Mapping[str, Any] | None = None, **options: Any) -> Run:
        from .pipeline import Pipeline

        if not store:
            store.append(tmp_path_factory.mktemp("prun-store"))
        load = {name: options.pop(name) for name in ("profile", "overrides") if name in options}
        chosen = options.pop("store", None) or str(store[0])
        options.setdefault("publish", False)
        return Pipeline.load(path, params, store=chosen, **load).run(**options)

    return run
