"""Training, scoring and judging."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from churn.data import TARGET


def train(frame: pd.DataFrame, model: dict[str, Any], seed: int) -> Pipeline:
    """A model of the wanted kind, from nine tenths of the rows.

    Each seed leaves out another tenth, so that the seeds show how much is owed to luck.
    """
    sample = frame.sample(frac=0.9, random_state=seed)
    pipeline = make_pipeline(StandardScaler(), _estimator(model, seed))
    return pipeline.fit(sample.drop(columns=TARGET), sample[TARGET])


def _estimator(model: dict[str, Any], seed: int) -> Any:
    kind = model["kind"]
    if kind == "logreg":
        return LogisticRegression(max_iter=1000, random_state=seed)
    if kind == "forest":
        return RandomForestClassifier(n_estimators=model.get("trees", 100), random_state=seed)
    if kind == "boosting":
        return HistGradientBoostingClassifier(max_iter=model.get("rounds", 100), random_state=seed)
    raise ValueError(f"unknown kind of model: {kind!r}")


def score(model: Pipeline, frame: pd.DataFrame) -> dict[str, Any]:
    """How well a model does on rows that it did not learn from."""
    probability = _probability(model, frame)
    return {
        "model": type(model[-1]).__name__,
        "seed": model[-1].random_state,
        "auc": float(roc_auc_score(frame[TARGET], probability)),
        "brier": float(brier_score_loss(frame[TARGET], probability)),
    }


def pick_best(models: list[Pipeline], scores: list[dict[str, Any]]) -> Pipeline:
    """The model with the best score; of equals the first."""
    return max(zip(scores, models, strict=True), key=lambda pair: pair[0]["auc"])[1]


def evaluate(model: Pipeline, frame: pd.DataFrame, bootstrap: int, n_jobs: int) -> dict[str, Any]:
    """The ROC curve with the range that chance explains, and what the model goes by."""
    truth = frame[TARGET].to_numpy()
    probability = _probability(model, frame)
    grid = np.linspace(0, 1, 101)
    draws = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_draw)(truth, probability, grid, seed) for seed in range(bootstrap)
    )
    curves = np.array([curve for _, curve in draws])
    low, high = np.percentile([auc for auc, _ in draws], [2.5, 97.5])
    fpr, tpr, _ = roc_curve(truth, probability)
    importance = permutation_importance(
        model, frame.drop(columns=TARGET), truth, scoring="roc_auc", n_repeats=10, random_state=0
    )
    names = frame.columns.drop(TARGET)
    return {
        "auc": float(roc_auc_score(truth, probability)),
        "curve": {
            "model": type(model[-1]).__name__,
            "fpr": fpr.tolist(),
            "tpr": tpr.tolist(),
            "grid": grid.tolist(),
            "band": np.percentile(curves, [2.5, 97.5], axis=0).tolist(),
            "interval": [float(low), float(high)],
            "truth": truth.tolist(),
            "probability": probability.tolist(),
        },
        "importance": {
            str(name): float(mean) for name, mean in zip(names, importance.importances_mean, strict=True)
        },
    }


def _probability(model: Pipeline, frame: pd.DataFrame) -> np.ndarray:
    return model.predict_proba(frame.drop(columns=TARGET))[:, 1]


def _draw(
    truth: np.ndarray, probability: np.ndarray, grid: np.ndarray, seed: int
) -> tuple[float, np.ndarray]:
    """One bootstrap sample's AUC and curve; drawn within each class, so that both are there."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.choice(np.flatnonzero(truth == k), (truth == k).sum()) for k in (0, 1)])
    fpr, tpr, _ = roc_curve(truth[rows], probability[rows])
    return float(roc_auc_score(truth[rows], probability[rows])), np.interp(grid, fpr, tpr)
