"""From the raw table to frames that a model can learn from."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

TARGET = "target"


def load(path: str) -> pd.DataFrame:
    """The table as it came."""
    return pd.read_csv(path)


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Names without spaces, no doubled or incomplete rows, and a target of 0 and 1."""
    tidy = frame.rename(columns=lambda name: str(name).strip().replace(" ", "_"))
    tidy = tidy.drop_duplicates().dropna().reset_index(drop=True)
    tidy[TARGET] = (tidy.pop("diagnosis") == "malignant").astype(int)
    return tidy


def has_both_classes(frame: pd.DataFrame) -> bool:
    """Whether there is anything to tell apart."""
    return bool(frame[TARGET].nunique() == 2)


def split(frame: pd.DataFrame, test_size: float) -> dict[str, pd.DataFrame]:
    """To learn from, to choose by, and to judge by: the last is never looked at before."""
    rest, test = train_test_split(frame, test_size=test_size, stratify=frame[TARGET], random_state=0)
    train, valid = train_test_split(
        rest, test_size=test_size / (1 - test_size), stratify=rest[TARGET], random_state=0
    )
    return {"train": train, "valid": valid, "test": test}
