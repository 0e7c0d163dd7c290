"""Where the model that is good enough goes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from sklearn.pipeline import Pipeline


def promote(model: Pipeline, auc: float, folder: str, run: str) -> str:
    """Make this the current model: a folder here, a model registry in earnest."""
    registry = Path(folder)
    registry.mkdir(parents=True, exist_ok=True)
    _replace(registry / "current.pkl", pickle.dumps(model))
    facts = {"model": type(model[-1]).__name__, "auc": round(auc, 4), "run": run}
    _replace(registry / "current.json", json.dumps(facts, indent=2).encode())
    return facts["model"]


def _replace(path: Path, data: bytes) -> None:
    """Readers see the old file or the new one, never half of it."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    new.replace(path)
