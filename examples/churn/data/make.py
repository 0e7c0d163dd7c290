"""Writes biopsies.csv from the table that scikit-learn ships. Run by hand, once."""

from __future__ import annotations

from pathlib import Path

from sklearn.datasets import load_breast_cancer

if __name__ == "__main__":
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.filter(like="mean ").copy()  # ten of the thirty: harder, and easier to read
    frame.columns = [str(name).removeprefix("mean ") for name in frame.columns]
    frame["diagnosis"] = data.target.map(dict(enumerate(data.target_names)))
    frame.to_csv(Path(__file__).parent / "biopsies.csv", index=False, lineterminator="\n")
