"""Who is late, when, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

LATE = 15  # minutes, as the US Department of Transportation counts it


def by_day(flights: pd.DataFrame) -> pd.DataFrame:
    """For each day: flights, cancelled ones, and how late the others left on average."""
    return (
        flights.groupby(["month", "day"])
        .agg(
            flights=("carrier", "size"),
            cancelled=("dep_delay", lambda d: int(d.isna().sum())),
            delay=("dep_delay", "mean"),
        )
        .reset_index()
    )


def carriers(flights: pd.DataFrame) -> list[dict[str, str]]:
    """The airlines that flew."""
    pairs = flights[["carrier", "airline"]].drop_duplicates().sort_values("carrier")
    return [{"code": str(code), "name": str(name)} for code, name in pairs.itertuples(index=False, name=None)]


def one_carrier(flights: pd.DataFrame, code: str, name: str) -> dict[str, Any]:
    """One airline's year."""
    own = flights[flights["carrier"] == code]
    arrived = own["arr_delay"].dropna()
    fleet = own.dropna(subset=["tailnum"]).drop_duplicates("tailnum")
    known = fleet["built"].notna().mean() > 0.5  # a median over the few that are known would mislead
    return {
        "code": code,
        "name": name,
        "flights": len(own),
        "cancelled": float(own["dep_delay"].isna().mean()),
        "late": float((arrived > LATE).mean()) if len(arrived) else None,
        "median_delay": float(arrived.median()) if len(arrived) else None,
        "planes": len(fleet),
        "age": _known(2013 - fleet["built"].median()) if known else None,
        "distance": int(own["distance"].sum()),
    }


def by_weather(flights: pd.DataFrame) -> list[dict[str, Any]]:
    """How many flights leave late in good weather and in bad."""
    rain, fog, wind = flights["precip"] > 0, flights["visib"] < 3, flights["wind_speed"] > 25
    kinds = {
        "fair": ~(rain | fog | wind),
        "rain or snow": rain,
        "sight below 3 miles": fog,
        "wind above 25 mph": wind,
    }
    return [
        {
            "weather": name,
            "flights": int(chosen.sum()),
            "late": _known((flights.loc[chosen, "dep_delay"].dropna() > LATE).mean()),
            "cancelled": _known(flights.loc[chosen, "dep_delay"].isna().mean()),
        }
        for name, chosen in kinds.items()
    ]


def routes(flights: pd.DataFrame, top: int) -> pd.DataFrame:
    """The routes that are late most often, of those flown once a day or more."""
    days = flights.groupby(["month", "day"]).ngroups
    table = (
        flights.dropna(subset=["arr_delay"])
        .assign(late=lambda f: f["arr_delay"] > LATE)
        .groupby(["origin", "dest"])
        .agg(flights=("late", "size"), late=("late", "mean"), distance=("distance", "first"))
        .reset_index()
    )
    often = table[table["flights"] >= days]
    return often.sort_values(["late", "origin", "dest"], ascending=[False, True, True]).head(top)


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
