"""Tracked files behind a URL (``s3://...``), through fsspec: what ``keys.files`` is given for them.

The checksum that a store itself keeps of the bytes counts where it is known to be one; anything else
is read.
"""

from __future__ import annotations

from typing import Any

from ..keys.digest import Hasher

_PIECE = 1 << 22
_CHECKSUMS = {"s3": ("ETag",), "s3a": ("ETag",), "gs": ("md5Hash",), "gcs": ("md5Hash",)}


def track_url(url: str, paranoid: bool) -> tuple[list[str], list[str], bool]:
    """URLs, the parts of their digest (name, content, ...), and whether there may be many."""
    fs, path, scheme = _open(url)
    if any(c in path for c in "*?["):
        found = sorted(n for n, info in fs.glob(path, detail=True).items() if info["type"] != "directory")
        many = True
    elif fs.isdir(path):
        found, many = sorted(fs.find(path)), True
    else:
        found, many = [path], False
    if not found:
        raise FileNotFoundError(f"no file matches {url}")
    urls, parts = [], []
    for name in found:
        full = str(fs.unstrip_protocol(name))
        urls.append(full)
        parts += [full, _content(fs, name, scheme, paranoid, full)]
    return (urls if many else [url]), parts, many


def _open(url: str) -> tuple[Any, str, str]:
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped,unused-ignore]

        fs, path = url_to_fs(url)
    except ImportError as e:
        raise ValueError(f"{url} needs a package that is not installed: {e}") from None
    except ValueError as e:
        raise ValueError(f"{url} cannot be opened: {e}") from None
    return fs, path, url.partition("://")[0]


def _content(fs: Any, path: str, scheme: str, paranoid: bool, url: str) -> str:
    try:
        if not paranoid and scheme in _CHECKSUMS:
            info = fs.info(path)
            for key in _CHECKSUMS[scheme]:
                if info.get(key):
                    return f"{key}:{info[key]}"
        hasher = Hasher()
        with fs.open(path, "rb") as file:
            while piece := file.read(_PIECE):
                hasher.update(piece)
        return hasher.hexdigest()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {url}") from None
