"""The year as a text that reads well as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd


def render(
    carriers: list[dict[str, Any]],
    days: list[pd.DataFrame],
    weather: list[dict[str, Any]],
    routes: pd.DataFrame,
    top: int,
) -> str:
    """The report, as Markdown with its columns lined up."""
    calendar = pd.concat(days)
    worst = calendar.sort_values(["delay", "month", "day"], ascending=[False, True, True]).head(top)
    total = sum(c["flights"] for c in carriers)
    parts = [
        "# Flights from New York in 2013",
        f"{total:,} flights of {len(carriers)} airlines on {len(calendar)} days; "
        f"{int(calendar['cancelled'].sum()):,} never left. Late means more than 15 minutes.",
        _section(
            "Airlines, the least punctual first",
            ["Airline", "Flights", "Late", "Median delay", "Cancelled", "Planes", "Median age"],
            [
                [
                    c["name"],
                    f"{c['flights']:,}",
                    _percent(c["late"]),
                    _number(c["median_delay"], " min"),
                    _percent(c["cancelled"]),
                    f"{c['planes']:,}",
                    _years(c["age"]),
                ]
                for c in sorted(carriers, key=lambda c: -(c["late"] or 0))
            ],
        ),
        _section(
            "Weather at departure",
            ["Weather", "Flights", "Leave late", "Cancelled"],
            [
                [w["weather"], f"{w['flights']:,}", _percent(w["late"]), _percent(w["cancelled"])]
                for w in weather
            ],
        ),
        _section(
            "Routes that are late most often",
            ["Route", "Flights", "Late", "Distance"],
            [
                [f"{r.origin} to {r.dest}", f"{r.flights:,}", _percent(r.late), f"{r.distance:,} mi"]
                for r in routes.itertuples()
            ],
        ),
        _section(
            "The worst days",
            ["Day", "Flights", "Mean delay", "Cancelled"],
            [
                [
                    f"2013-{d.month:02}-{d.day:02}",
                    f"{d.flights:,}",
                    _number(d.delay, " min"),
                    str(d.cancelled),
                ]
                for d in worst.itertuples()
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.0f}{unit}"


def _years(value: float | None) -> str:
    return _number(value, " year" if value == 1 else " years")


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [list(head), *map(list, rows)]
    widths = [max(3, *(len(row[i]) for row in table)) for i in range(len(head))]
    lines = ["| " + " | ".join(_cells(row, widths)) + " |" for row in table]
    rule = [f"{'-' * (w - 1)}{':' if i else '-'}" for i, w in enumerate(widths)]
    return "\n".join([f"## {title}\n", lines[0], f"| {' | '.join(rule)} |", *lines[1:]])


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
    ]
