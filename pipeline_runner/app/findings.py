"""What `prun cache verify` finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# kinds; the first are damage
DAMAGED_ENTRY, DAMAGED_BLOB, MISSING_BLOB, DAMAGED_RECORD = (
    "damaged-entry", "damaged-blob", "missing-blob", "damaged-record",
)  # fmt: skip
DIFFERS = "differs"
UNSTABLE, UNREADABLE, NOT_RUN, IGNORED = "unstable-type", "unreadable", "not-run", "ignored"
BAD = frozenset({DAMAGED_ENTRY, DAMAGED_BLOB, MISSING_BLOB, DAMAGED_RECORD, DIFFERS})


class Finding(NamedTuple):
    """Something that is not as it should be. ``repaired``: it is removed now."""

    kind: str
    what: str  # a file of the store, a type, an output
    tasks: Sequence[str]  # whose results it concerns
    detail: str = ""
    repaired: bool = False
