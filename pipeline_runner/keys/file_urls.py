"""``file://`` URLs: paths of this machine."""

from __future__ import annotations

import os

SCHEME = "file://"
_WINDOWS = os.name == "nt"


def path_of(url: str) -> str:
    """``file:///data/x`` is ``/data/x``, ``file:///C:/x`` on Windows ``C:/x``; ``file://x`` is relative."""
    path = url.removeprefix(SCHEME)
    if path.startswith("localhost/"):
        path = path.removeprefix("localhost")
    return path[1:] if _WINDOWS and path[2:3] == ":" and path[:1] == "/" else path
