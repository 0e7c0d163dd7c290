"""One HTML file with the charts inside."""

from __future__ import annotations

import io
from collections import defaultdict
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, SOFT, OTHER = "#1f2933", "#2266aa", "#b9d3ec", "#d1603d"
NAMES = {
    "LogisticRegression": "Logistic regression",
    "RandomForestClassifier": "Random forest",
    "HistGradientBoostingClassifier": "Boosted trees",
}

STYLE = f"""
body {{ font: 16px/1.5 system-ui, sans-serif; color: {INK};
       max-width: 62rem; margin: 2.5rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.7rem; margin: 0 0 .3rem }}
h2 {{ font-size: 1.15rem; margin: 2.2rem 0 .4rem }}
p {{ max-width: 44rem; margin: .3rem 0 }}
.facts {{ display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 }}
.fact {{ border: 1px solid #dfe5ea; border-radius: .5rem; padding: .7rem 1.2rem; min-width: 9rem }}
.fact b {{ display: block; font-size: 1.5rem; line-height: 1.2 }}
.fact span {{ color: #5f6c78; font-size: .9rem }}
.charts {{ display: flex; flex-wrap: wrap; gap: 1rem }}
.charts svg {{ width: 29rem; max-width: 100%; height: auto }}
table {{ border-collapse: collapse }}
th, td {{ padding: .3rem 1.4rem .3rem 0; border-bottom: 1px solid #dfe5ea; text-align: left }}
th.n, td.n {{ text-align: right; font-variant-numeric: tabular-nums }}
"""


def render(
    auc: float,
    curve: dict[str, Any],
    importance: dict[str, float],
    scores: list[dict[str, Any]],
    min_auc: float,
) -> str:
    """The report: what was chosen, how good it is, what it goes by, and what it was chosen from."""
    low, high = curve["interval"]
    verdict = "promoted" if auc >= min_auc else "not promoted"
    facts = [
        (f"{auc:.3f}", "AUC on the test rows"),
        (f"{low:.3f} to {high:.3f}", "95 % of bootstrap samples"),
        (_name(curve), f"best of {len(scores)} models"),
        (verdict, f"asked for: at least {min_auc:g}"),
    ]
    boxes = "".join(
        f'<div class="fact"><b>{escape(value)}</b><span>{escape(text)}</span></div>' for value, text in facts
    )
    charts = "".join(
        [
            _svg("roc", _draw_roc, curve, auc),
            _svg("probabilities", _draw_probabilities, curve),
            _svg("importance", _draw_importance, importance),
            _svg("scores", _draw_scores, scores),
        ]
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Which model</title><style>{STYLE}</style></head><body>
<h1>Which model tells them apart?</h1>
<p>Each row is a biopsy, described by ten measures of its cells' nuclei; the models tell malignant from benign
(Wisconsin diagnostic data, as scikit-learn ships it).</p>
<div class="facts">{boxes}</div>
<div class="charts">{charts}</div>
<h2>All models</h2>
<p>On the rows kept for choosing. Each seed leaves out another tenth of the rows to learn from.</p>
{_table(scores)}
</body></html>
"""


def _name(model: dict[str, Any]) -> str:
    """What people call this kind of model."""
    return NAMES.get(model["model"], model["model"])


def _table(scores: list[dict[str, Any]]) -> str:
    rows = sorted(scores, key=lambda s: -s["auc"])
    cells = "".join(
        f'<tr><td>{escape(_name(s))}</td><td class="n">{s["seed"]}</td>'
        f'<td class="n">{s["auc"]:.4f}</td><td class="n">{s["brier"]:.4f}</td></tr>'
        for s in rows
    )
    head = '<tr><th>Model</th><th class="n">Seed</th><th class="n">AUC</th><th class="n">Brier</th></tr>'
    return f"<table>{head}{cells}</table>"


def _svg(name: str, draw: Any, *data: Any) -> str:
    """A chart as text. Fixed ids and no date: equal data gives equal bytes."""
    settings = {"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 10, "text.color": INK}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(5.2, 4), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, *data)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{name}"', 1)


def _draw_roc(axes: Axes, curve: dict[str, Any], auc: float) -> None:
    low, high = curve["band"]
    axes.fill_between(curve["grid"], low, high, color=SOFT, alpha=0.6, linewidth=0, label="95 % by bootstrap")
    axes.plot(curve["fpr"], curve["tpr"], color=ACCENT, linewidth=2, label=f"AUC {auc:.3f}")
    axes.plot([0, 1], [0, 1], color="#9aa5b1", linewidth=1, linestyle=":", label="chance")
    axes.set(title="ROC curve", xlabel="false alarms", ylabel="found", xlim=(-0.01, 1), ylim=(0, 1.02))
    axes.legend(frameon=False, loc="lower right")


def _draw_probabilities(axes: Axes, curve: dict[str, Any]) -> None:
    pairs = list(zip(curve["truth"], curve["probability"], strict=True))
    classes = [[p for truth, p in pairs if truth == k] for k in (0, 1)]
    axes.hist(
        classes, bins=20, range=(0, 1), stacked=True, color=[SOFT, OTHER], label=["benign", "malignant"]
    )
    axes.set(title="What the model says", xlabel="probability of malignant", ylabel="test rows")
    axes.legend(frameon=False)


def _draw_importance(axes: Axes, importance: dict[str, float]) -> None:
    ordered = sorted(importance.items(), key=lambda pair: pair[1])
    axes.barh([name.replace("_", " ") for name, _ in ordered], [value for _, value in ordered], color=ACCENT)
    axes.set(title="What it goes by", xlabel="AUC lost when the column is shuffled")


def _draw_scores(axes: Axes, scores: list[dict[str, Any]]) -> None:
    by_model: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        by_model[_name(score)].append(score["auc"])
    ordered = sorted(by_model.items(), key=lambda pair: max(pair[1]))
    for row, (_, values) in enumerate(ordered):
        axes.plot(values, [row] * len(values), "o", color=ACCENT, alpha=0.6, markersize=8)
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    axes.set(
        title="Models and seeds", xlabel="AUC on the rows kept for choosing", ylim=(-0.6, len(ordered) - 0.4)
    )
    axes.grid(axis="x", color="#eceff2")
