"""The value that says what a callable does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Fingerprint(NamedTuple):
    """What a callable does."""

    digest: str
    definitions: Mapping[str, str]  # "module:name" -> digest; "module:<module>" is what runs on import
    where: Mapping[str, tuple[str, int]]  # definition -> file (relative below the root), line
    packages: Mapping[str, str]  # distribution -> version
    sources: Mapping[str, str]  # absolute path of each project file that is executed -> its digest
    warnings: tuple[str, ...] = ()  # where whole modules had to be counted, and why
