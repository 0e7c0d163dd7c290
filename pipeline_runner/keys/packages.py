"""Installed distributions: which modules are theirs, their versions and requirements.

Read from the ``*.dist-info`` folders themselves (importlib.metadata is slow), one ``Site`` for each
folder of the import path. A ``Site`` is plain data: the code index keeps it until the folder changes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_NAME = re.compile(r"[-_.]+")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]*)['"]""")
_PACKAGE = re.compile(r"^([^/,\n.]+)/__init__\.pyc?,", re.MULTILINE)  # a regular package in a RECORD
_MAP_MODULE = re.compile(r"map_module\('([^']+)', '([^']+)'\)")
_MODULE_SUFFIXES = (".py", ".so", ".pyd", ".pyc")
# Extras for working on a package, not for using it: what they bring changes no result.
_DEVELOPER_EXTRAS = re.compile(
    r"(^|[-_.])(tests?|testing|dev|develop|docs?|lint|typing|types?|benchmarks?|build|maintenance|mypy|check|ci"
    r"|cover|coverage|style|release|format|quality|examples?|tutorial|doctest)([-_.]|$)"
)
_DEVELOPER_TOOLS = re.compile(
    r"(pytest|sphinx|flake8|types-|mkdocs).*|mypy|ruff|black|isort|pylint|pyright|hypothesis|coverage|tox|nox"
    r"|pre-commit|setuptools|wheel|build|hatchling|twine|bump.*"
)


class Distribution(NamedTuple):
    name: str  # as it is written
    version: str
    requires: tuple[str, ...]  # normalised names
    editable: bool


class Site(NamedTuple):
    """One folder of the import path."""

    distributions: dict[str, Distribution]  # by normalised name
    claims: dict[str, tuple[str, ...]]  # module or package -> the distributions it belongs to
    redirects: dict[str, str]  # editable installs: module -> its folder or file
    roots: tuple[str, ...] = ()  # folders of editable installs, for finders that are not known here


def normalised(name: str) -> str:
    return _NAME.sub("-", name).lower()


def read_site(folder: str, entries: Iterable[str]) -> Site:
    """What is installed in a folder that has these entries."""
    distributions: dict[str, Distribution] = {}
    claims: dict[str, set[str]] = {}
    redirects: dict[str, str] = {}
    roots: list[str] = []
    for entry in sorted(entries):
        path = os.path.join(folder, entry)
        if entry.endswith(".dist-info"):
            key = _read_metadata(os.path.join(path, "METADATA"), entry, distributions)
            source = _editable_source(path)
            if source is not None:
                roots += [source, os.path.join(source, "src"), os.path.join(source, "python")]
                distributions[key] = distributions[key]._replace(editable=True)
            else:
                for module in _claimed(os.path.join(path, "RECORD")):
                    claims.setdefault(module, set()).add(key)
        elif entry.endswith(".egg-info") and os.path.basename(folder) in ("site-packages", "dist-packages"):
            info = os.path.join(path, "PKG-INFO") if os.path.isdir(path) else path
            key = _read_metadata(info, entry, distributions)
            for module in _lines(os.path.join(path, "top_level.txt")):
                claims.setdefault(module.strip().replace("/", "."), set()).add(key)
        elif entry.endswith(".py") and "editable" in entry:
            redirects.update(_mapping(path))
    return Site(distributions, {k: tuple(sorted(v)) for k, v in claims.items()}, redirects, tuple(roots))


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
    except OSError:
        return []


def _read_metadata(path: str, entry: str, distributions: dict[str, Distribution]) -> str:
    stem = entry.rsplit(".", 1)[0]
    name, _, version = stem.partition("-")
    requires: list[str] = []
    for line in _lines(path):
        if not line:
            break
        field, _, value = line.partition(": ")
        if field == "Name":
            name = value.strip()
        elif field == "Version":
            version = value.strip()
        elif field == "Requires-Dist":
            requires += _required(value)
    key = normalised(name)
    distributions[key] = Distribution(name, version, tuple(dict.fromkeys(requires)), False)
    return key


def _required(text: str) -> list[str]:
    found = _REQUIREMENT.match(text)
    extra = _EXTRA.search(text)
    if found is None:
        return []
    name = normalised(found.group(1))
    if extra is not None and (_DEVELOPER_EXTRAS.search(extra.group(1)) or _DEVELOPER_TOOLS.fullmatch(name)):
        return []
    return [name]


def _editable_source(info: str) -> str | None:
    """The folder that an editable install points to; None for any other install."""
    text = "\n".join(_lines(os.path.join(info, "direct_url.json")))
    if '"editable"' not in text:
        return None
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        found = json.loads(text)
        editable = found.get("dir_info", {}).get("editable")
        return url2pathname(urlsplit(found["url"]).path) if editable else None
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def _claimed(record: str) -> set[str]:
    """The outermost regular packages and modules that a RECORD lists (namespace packages aren't theirs)."""
    files = []
    text = "\n".join(_lines(record))
    outermost = set(_PACKAGE.findall(text))
    for line in text.split("\n"):
        if line.partition("/")[0] in outermost:
            continue
        path = line.split('",')[0][1:] if line.startswith('"') else line.split(",", 1)[0]
        if path.endswith(_MODULE_SUFFIXES) and not path.startswith((".", "/")) and "__pycache__" not in path:
            files.append(path.replace("\\", "/").split("/"))
    packages = {tuple(p[:-1]) for p in files if p[-1].split(".")[0] == "__init__"}
    claimed = outermost
    for parts in files:
        module = [*parts[:-1], parts[-1].split(".")[0]]
        depth = next((d for d in range(1, len(parts)) if tuple(parts[:d]) in packages), len(parts))
        claimed.add(".".join(module[:depth]))
    return claimed


def _mapping(finder: str) -> dict[str, str]:
    """What the finder of an editable install maps modules to: setuptools' way, or the one of `editables`."""
    found: dict[str, str] = {}
    for line in _lines(finder):
        if line.startswith("MAPPING"):
            import ast

            try:
                found.update(ast.literal_eval(line.partition("= ")[2].strip()))
            except (ValueError, SyntaxError, TypeError):
                continue
        for module, file in _MAP_MODULE.findall(line):
            found[module] = re.sub(r"[/\\\\]__init__\.py$", "", file)
    return found


class Distributions:
    """All that is installed, over the folders of the import path."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self.sites = sites
        self._by_name: dict[str, Distribution] = {}
        for site in sites.values():
            for key, distribution in site.distributions.items():
                self._by_name.setdefault(key, distribution)

    def owners(self, folder: str, module: str) -> tuple[str, ...]:
        """The distributions that a module found in a folder belongs to; () if to none."""
        site = self.sites.get(folder)
        if site is None or not site.claims:
            return ()
        name = module
        while name:
            if name in site.claims:
                return site.claims[name]
            name = name.rpartition(".")[0]
        return ()

    def roots(self) -> tuple[str, ...]:
        """Folders of editable installs."""
        return tuple(root for site in self.sites.values() for root in site.roots)

    def below(self, namespace: str) -> tuple[str, ...]:
        """The distributions that have modules below a namespace package."""
        prefix = namespace + "."
        claims = [c for site in self.sites.values() for c in site.claims.items()]
        return tuple(sorted({d for module, owners in claims if module.startswith(prefix) for d in owners}))

    def everything(self) -> tuple[str, ...]:
        return tuple(sorted(k for k, d in self._by_name.items() if not d.editable))

    def versions(self, names: Iterable[str]) -> dict[str, str]:
        """Distributions with their installed requirements, transitively -> versions."""
        found: dict[str, str] = {}
        pending = [n for n in names if n in self._by_name]
        seen = set(pending)
        while pending:
            distribution = self._by_name[pending.pop()]
            if not distribution.editable:
                found[distribution.name] = distribution.version
            for required in distribution.requires:
                if required in self._by_name and required not in seen:
                    seen.add(required)
                    pending.append(required)
        return dict(sorted(found.items()))
