"""A new project for `prun init`: small, and it runs."""

from __future__ import annotations

import json
import re
from os import PathLike
from pathlib import Path

from ..errors import Problem, PrunError

PIPELINE = """\
# yaml-language-server: $schema=pipeline.schema.json
name: {name}
description: Temperatures of a few cities, one task for each, and a report.

params:
  data: data/temperatures.csv
  warm: 15.0                       # try: prun plan -p warm=20

steps:
  load:
    call: weather:load
    files: {{path: params.data}}     # its content counts: edit it, and `prun plan` tells

  cities:
    call: weather:by_city
    inputs: {{rows: load}}           # a reference to a step is an edge

  describe:                        # a task for each city: describe[Oslo], ...
    call: weather:describe
    foreach: {{in: cities, key: item.name}}
    inputs: {{city: item, warm: params.warm}}

  report:
    call: weather:report
    inputs: {{cities: describe}}     # gathered: a list, in the order of the cities
    with: {{title: Temperatures}}    # literals
    publish: report.md
"""

STEPS = '''\
"""The steps: ordinary functions. Edit one, and what it reaches runs again, nothing else."""

import csv
from statistics import mean


def load(path):
    """The rows of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_city(rows):
    """One entry for each city, so that a changed row concerns its own city only."""
    cities = {}
    for row in rows:
        cities.setdefault(row["city"], []).append(float(row["celsius"]))
    return [{"name": name, "celsius": values} for name, values in cities.items()]


def describe(city, warm):
    """What there is to say of one city."""
    celsius = city["celsius"]
    return {
        "name": city["name"],
        "mean": round(mean(celsius), 1),
        "warm_months": sum(value >= warm for value in celsius),
    }


def report(cities, title):
    """A table in Markdown."""
    lines = [f"# {title}", "", "| city | mean | warm months |", "| --- | ---: | ---: |"]
    for city in cities:
        lines.append(f"| {city['name']} | {city['mean']} | {city['warm_months']} |")
    return "\\n".join(lines) + "\\n"
'''

DATA = {
    "Oslo": (-3, -3, 1, 6, 12, 16, 18, 17, 12, 7, 1, -2),
    "Lima": (23, 24, 23, 21, 19, 18, 17, 16, 17, 18, 19, 21),
    "Nairobi": (20, 21, 21, 20, 19, 18, 17, 18, 19, 20, 19, 19),
}

TEST = '''\
"""Run by pytest; the results go to a temporary store and nothing is published."""

from pathlib import Path

PIPELINE = Path(__file__).parent.parent / "pipeline.yaml"


def test_the_report_names_every_city(prun_pipeline):
    run = prun_pipeline(PIPELINE, params={"warm": 20.0})

    assert run.status == "succeeded"
    assert [city["warm_months"] for city in run.output("describe")] == [0, 5, 5]
    assert "Nairobi" in run.output("report")
'''

GITIGNORE = """\
.prun/
__pycache__/
report.md
"""


def init_project(folder: str | PathLike[str]) -> list[str]:
    """Write the project and return the paths written. No file that is there is touched."""
    root = Path(folder)
    files = _files(root)
    there = [str(root / name) for name in files if (root / name).exists()]
    if there:
        hint = "choose another folder: `prun init DIR`"
        raise PrunError([Problem("file-exists", f"{path} is there already", None, hint) for path in there])
    try:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise PrunError(f"cannot write {error.filename}: {error.strerror}") from error
    return [str(root / name) for name in files]


def _files(root: Path) -> dict[str, str]:
    from ..spec.schema import json_schema

    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.resolve().name).strip("-")
    rows = [f"{city},{month},{value}" for city, year in DATA.items() for month, value in enumerate(year, 1)]
    return {
        "pipeline.yaml": PIPELINE.format(name=name if name[:1].isalpha() else "weather"),
        "weather.py": STEPS,
        "data/temperatures.csv": "\n".join(["city,month,celsius", *rows]) + "\n",
        "tests/test_pipeline.py": TEST,
        "pipeline.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        ".gitignore": GITIGNORE,
    }
