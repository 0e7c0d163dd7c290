"""Each step's recipe: what its callable and its checks do, for the first half of the cache keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..keys.cache_key import recipe_digest
from ..keys.digest import combine
from ..model.artifact import Recipe

if TYPE_CHECKING:
    from ..keys.code import CodeIndex
    from ..model.graph import Graph, Step

LONGEST_SOURCE = 64 * 1024  # characters of a definition
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Recipes:
    """The engine's ``Code`` port over the code index."""

    def __init__(self, graph: Graph, index: CodeIndex) -> None:
        self.graph = graph
        self.index = index
        self._made: dict[str, Recipe] = {}
        self._classes: dict[tuple[str, ...], str] = {}
        self.calls: dict[str, str] = {}  # every callable that was looked at -> digest of what it does
        self.classes: dict[str, str] = {}  # likewise every class that stored values carry

    def recipe(self, step: str) -> Recipe:
        """Raises ``CodeError`` where the callable cannot be found."""
        found = self._made.get(step)
        if found is None:
            found = self._made[step] = self._make(self.graph.steps[step])
        return found

    def source(self, recipe: Recipe) -> dict[str, str]:
        """The text of the definitions that a recipe reaches, for diffs; very long ones are left out."""
        found = {}
        for name in recipe.where:
            try:
                text = self.index.source_of(name)
            except (OSError, SyntaxError):
                continue
            if text is not None and len(text) <= LONGEST_SOURCE:
                found[name] = text
        return found

    def classes_digest(self, classes: tuple[str, ...]) -> str:
        if not classes:
            return ""
        found = self._classes.get(classes)
        if found is None:
            each = {c: self.index.class_digest(c) for c in classes}
            self.classes.update(each)
            found = combine("classes", [part for pair in each.items() for part in pair])
            self._classes[classes] = found
        return found

    def _make(self, step: Step) -> Recipe:
        code: dict[str, str] = {}
        packages: dict[str, str] = {}
        where: dict[str, tuple[str, int]] = {}
        sources: dict[str, str] = {}
        check: dict[str, str] = {}
        calls = [("", step.call, step.cache.code)]
        calls += [(f"check {output}", call, True) for output, call in step.check.items()]
        for role, call, by_code in calls:
            if not by_code:
                code[call] = "by name"
                continue
            found = self.index.fingerprint(call)
            self.calls[call] = found.digest
            code.update(found.definitions)
            packages.update(found.packages)
            where.update(found.where)
            sources.update(found.sources)
            if role:
                check[role] = combine("call", [call, found.digest])
            else:
                code["call"] = call
        digest = recipe_digest(
            code=code,
            packages=packages,
            python=PYTHON,
            version=step.cache.version or "",
            outputs=step.outputs,
            check=check,
        )
        return Recipe(
            digest, code, packages, PYTHON, step.cache.version or "", {}, step.outputs, check, where, sources
        )
