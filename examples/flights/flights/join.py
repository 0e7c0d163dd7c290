"""Joins what belongs together."""

from __future__ import annotations

import pandas as pd


def month(
    flights: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    weather: pd.DataFrame,
    month: int,
) -> pd.DataFrame:
    """A month's flights, each with its plane, its airline's name and the weather at departure."""
    chosen = flights[flights["month"] == month]
    return (
        chosen.merge(airlines, on="carrier", how="left", validate="many_to_one")
        .merge(planes, on="tailnum", how="left", validate="many_to_one")
        .merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
        .reset_index(drop=True)
    )


def one_month(flights: pd.DataFrame) -> bool:
    """Whether there are flights, all of one month, and each airline has a name."""
    return bool(flights["month"].nunique() == 1 and flights["airline"].notna().all())


def together(months: list[pd.DataFrame]) -> pd.DataFrame:
    """The months in one frame."""
    return pd.concat(months, ignore_index=True)
