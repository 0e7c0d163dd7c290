"""Digests of long lists, from what is kept of a list that was almost the same.

A step that lists what there is gives much the same list again and again. That of its last call is kept in
a local file, with the digests of its elements; those of the same beginning and the same end are taken
from there. Whatever is kept, the digest is that of ``plain_digest``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model.alike import common_ends, comparable
from . import kept
from .canonical import list_digest_of_text, plain_digest, plain_digests
from .digest import LENGTH

LONG = 10_000  # elements from which on it is quicker than digesting them
_SHARE = 20  # kept anew when more than one element in so many is not in it
_FORMAT = "list 1"
_WIDTH = 2 * LENGTH


def digest_like(value: Any, path: str) -> str:
    """``plain_digest`` of a value, of which the last one like it is kept at ``path``."""
    if type(value) is not list or len(value) < LONG or not comparable(value):
        return plain_digest(value)
    old, text = kept.load(path, _FORMAT) or ((), "")
    ends = common_ends(value, old)
    made = plain_digests(value[ends.head : len(value) - ends.tail])
    pieces: Sequence[str] = [text[: ends.head * _WIDTH], *made, text[len(text) - ends.tail * _WIDTH :]]
    whole = "".join(pieces)
    if len(made) > len(value) // _SHARE:
        kept.save(path, _FORMAT, (value, whole))
    return list_digest_of_text(whole)
