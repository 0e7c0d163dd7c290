"""What somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """``did you mean 'train'?``, or nothing where no name is near."""
    import difflib

    close = difflib.get_close_matches(word, list(names), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
