"""What one source file holds, from its syntax tree."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import TypedDict

# Each of these adds a way through the code: McCabe's cyclomatic complexity.
BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.comprehension,
    ast.match_case,
)


class Function(TypedDict):
    name: str
    line: int
    complexity: int


class Measure(TypedDict):
    """What a module holds; ``imports`` are the first names of what it imports from elsewhere,
    ``problem`` says why a file is no Python that this Python reads.
    """

    name: str
    kind: str
    lines: int
    functions: int
    classes: int
    names: int
    complexity: int
    hardest: list[Function]
    imports: list[str]
    problem: str


def measure(name: str, kind: str, path: str) -> Measure:
    """Count what is in a file: lines, functions, classes, names, complexity, imports."""
    result = Measure(
        name=name,
        kind=kind,
        lines=0,
        functions=0,
        classes=0,
        names=0,
        complexity=0,
        hardest=[],
        imports=[],
        problem="",
    )
    try:
        source = Path(path).read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tests contain odd code on purpose
            tree = ast.parse(source)  # bytes: it obeys the file's own `coding:` line
    except (SyntaxError, ValueError) as error:
        message = str(getattr(error, "msg", "") or error).partition(" for '")[0]  # no path in it
        result["problem"] = f"{type(error).__name__}: {message}"
        return result

    counter = Counter()
    counter.walk(tree, "")
    result["lines"] = source.count(b"\n")
    result["functions"] = len(counter.functions)
    result["classes"] = counter.classes
    result["names"] = len(counter.names)
    result["complexity"] = sum(f["complexity"] for f in counter.functions)
    result["hardest"] = sorted(counter.functions, key=lambda f: (-f["complexity"], f["line"]))[:5]
    result["imports"] = sorted(counter.imports - {name.partition(".")[0]})
    return result


class Counter:
    """Walks a syntax tree once and keeps counts."""

    def __init__(self) -> None:
        self.functions: list[Function] = []
        self.classes = 0
        self.names: set[str] = set()
        self.imports: set[str] = set()

    def walk(self, node: ast.AST, within: str) -> int:
        """Count what is below a node; the branches found there that belong to no inner function."""
        branches = 0
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                own = Function(name=f"{within}{child.name}", line=child.lineno, complexity=0)
                self.functions.append(own)
                own["complexity"] = 1 + self.walk(child, f"{own['name']}.")
                continue
            if isinstance(child, ast.ClassDef):
                self.classes += 1
                branches += self.walk(child, f"{within}{child.name}.")
                continue
            if isinstance(child, BRANCHES):
                branches += 1
            elif isinstance(child, ast.BoolOp):
                branches += len(child.values) - 1
            elif isinstance(child, ast.Name):
                self.names.add(child.id)
            elif isinstance(child, ast.Import):
                self.imports.update(alias.name.partition(".")[0] for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
                self.imports.add(child.module.partition(".")[0])
            branches += self.walk(child, within)
        return branches
