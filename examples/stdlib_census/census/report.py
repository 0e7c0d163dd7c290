"""The census as a text that reads well as it is, and as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import platform
from typing import Any

from census.measure import Measure

COLUMNS = ["name", "kind", "lines", "functions", "classes", "names", "complexity", "importers"]


def table(modules: list[Measure], importers: dict[str, int]) -> str:
    """A row for each module, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**m, "importers": importers.get(m["name"], "")} for m in modules)
    return text.getvalue()


def render(ranking: dict[str, Any]) -> str:
    """The report, as Markdown with its columns lined up."""
    library, tests = ranking["totals"]["library"], ranking["totals"]["tests"]
    parts = [
        f"# Census of Python {'.'.join(platform.python_version_tuple()[:2])}'s standard library",
        _summary(library, tests),
        _section(
            "The hardest functions to follow",
            ["Function", "Module", "Line", "Complexity"],
            [[f["name"], f["module"], f["line"], f["complexity"]] for f in ranking["hardest"]],
        ),
        _section(
            "The biggest modules",
            ["Module", "Lines", "Functions", "Classes", "Names"],
            [[m["name"], m["lines"], m["functions"], m["classes"], m["names"]] for m in ranking["biggest"]],
        ),
        _section(
            "The most complex modules",
            ["Module", "Complexity", "Functions", "Mean", "Hardest function"],
            [_complex_row(m) for m in ranking["complex"]],
        ),
        _section(
            "What the library itself imports most",
            ["Name", "Modules that import it from outside"],
            [[m["name"], m["importers"]] for m in ranking["imported"]],
        ),
        _section(
            "The biggest packages",
            ["Package", "Modules", "Lines", "Functions", "Classes", "Lines of its own tests"],
            [
                [p["name"], p["modules"], p["lines"], p["functions"], p["classes"], p["test_lines"]]
                for p in ranking["packages"]
            ],
        ),
    ]
    if ranking["unreadable"]:
        parts.append(
            _section(
                "Files that do not parse (test data, broken on purpose)",
                ["Module", "Why"],
                [[u["name"], u["problem"]] for u in ranking["unreadable"]],
            )
        )
    return "\n\n".join(parts) + "\n"


def _summary(library: dict[str, int], tests: dict[str, int]) -> str:
    mean = _mean(library["complexity"], library["functions"])
    text = (
        f"{library['modules']:,} modules hold {library['lines']:,} lines: {library['functions']:,} functions "
        f"and {library['classes']:,} classes. A function has {mean} ways through it on average "
        "(cyclomatic complexity)."
    )
    if tests["modules"]:  # some systems package them apart
        text += f" Another {tests['modules']:,} modules with {tests['lines']:,} lines test them."
    return text


def _complex_row(module: Measure) -> list[Any]:
    hardest = module["hardest"][0]
    mean = _mean(module["complexity"], module["functions"])
    return [
        module["name"],
        module["complexity"],
        module["functions"],
        mean,
        f"{hardest['name']} ({hardest['complexity']})",
    ]


def _mean(total: int, count: int) -> str:
    return f"{total / count:.1f}" if count else "0"


def _section(title: str, head: list[str], rows: list[list[Any]]) -> str:
    cells = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in rows]
    widths = [max(len(head[i]), *(len(row[i]) for row in cells), 3) for i in range(len(head))]
    right = [bool(rows) and isinstance(rows[0][i], int) for i in range(len(head))]

    def line(row: list[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    return "\n".join([f"## {title}\n", line(head), line(rule), *map(line, cells)])
