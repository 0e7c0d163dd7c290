"""What the files say together."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypedDict

from census.measure import Measure


class Package(TypedDict):
    """A top-level module or package: what its files hold together."""

    name: str
    modules: int
    lines: int
    test_lines: int
    functions: int
    classes: int
    complexity: int


def importers(modules: list[Measure]) -> dict[str, int]:
    """How many modules of the library import each top-level name from outside; tests do not count."""
    library = (m for m in modules if m["kind"] == "library")
    counts = Counter(name for module in library for name in module["imports"])
    return dict(sorted(counts.items()))


def packages(modules: list[Measure]) -> list[Package]:
    """The modules summed up by their first name, in order of name."""
    found: dict[str, Package] = {}
    for module in modules:
        name = module["name"].partition(".")[0]
        package = found.setdefault(
            name,
            Package(name=name, modules=0, lines=0, test_lines=0, functions=0, classes=0, complexity=0),
        )
        if module["kind"] == "test":
            package["test_lines"] += module["lines"]
            continue
        package["modules"] += 1
        package["lines"] += module["lines"]
        package["functions"] += module["functions"]
        package["classes"] += module["classes"]
        package["complexity"] += module["complexity"]
    return [found[name] for name in sorted(found)]


def ranking(
    modules: list[Measure], importers: dict[str, int], packages: list[Package], top: int
) -> dict[str, Any]:
    """The first of each order, and the totals."""
    library = [m for m in modules if m["kind"] == "library" and not m["problem"]]
    tests = [m for m in modules if m["kind"] == "test" and not m["problem"]]
    functions = [{**f, "module": m["name"]} for m in library for f in m["hardest"]]
    named = [{"name": name, "importers": count} for name, count in importers.items()]
    return {
        "totals": {"library": _totals(library), "tests": _totals(tests)},
        "biggest": _first(library, "lines", top),
        "hardest": _first(functions, "complexity", top),
        "complex": _first([m for m in library if m["hardest"]], "complexity", top),
        "imported": _first(named, "importers", top),
        "packages": _first([p for p in packages if p["modules"] > 1], "lines", top),
        "unreadable": [{"name": m["name"], "problem": m["problem"]} for m in modules if m["problem"]],
    }


def _totals(modules: list[Measure]) -> dict[str, int]:
    sums = {
        "lines": sum(m["lines"] for m in modules),
        "functions": sum(m["functions"] for m in modules),
        "classes": sum(m["classes"] for m in modules),
        "complexity": sum(m["complexity"] for m in modules),
    }
    return {"modules": len(modules), **sums}


def _first(rows: list[Any], by: str, top: int) -> list[Any]:
    return sorted(rows, key=lambda row: (-row[by], row["name"]))[:top]
