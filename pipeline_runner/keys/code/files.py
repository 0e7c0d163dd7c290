"""Source files, folders and sites, read again only when they changed.

A record is believed while size, time stamps and inode stay as they were, unless the file was changed
less than two seconds before it was read (it may have been changed again within the time stamp's grain),
or unless the index is to believe nothing (``paranoid``). Only another content is parsed again.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..digest import combine, digest
from .disk import Sections
from .path import importable

if TYPE_CHECKING:  # a run that changed no code needs no summary
    from ..packages import Distributions
    from .summary import Summary

_GRAIN = 2_000_000_000  # ns
# elsewhere a folder on FAT or exFAT keeps its time stamp, whatever comes into it
_TELLING = sys.platform == "linux"
_COARSE = 10_000_000  # ns: the grain of such stamps


def _parse(data: bytes, path: str) -> Summary:
    from .parse import summarise

    return summarise(data, path)


class FileRecord(NamedTuple):
    stat: tuple[int, int, int, int]
    fresh: bool  # read too soon after a change to be believed later
    digest: str
    summary: bytes  # marshalled; empty for what isn't source


class SourceFiles:
    """What is on the disk, through the index."""

    def __init__(self, sections: Sections, paranoid: bool) -> None:
        self._sections = sections
        self._paranoid = paranoid
        self._records: dict[str, FileRecord | None] = {}
        self._summaries: dict[str, Summary] = {}
        self._listed: dict[str, tuple[str, frozenset[str]]] = {}
        self._sites: dict[str, tuple[str, bytes]] = {}
        self.changed = False

    # files

    def digest_of(self, path: str) -> str:
        """The digest of a file's bytes, "" if it can't be read."""
        record = self._record(path)
        return record.digest if record is not None else ""

    def summary(self, path: str) -> Summary:
        found = self._summaries.get(path)
        if found is None:
            from .summary import Summary, from_plain

            record = self._record(path)
            if record is None:
                found = Summary(error=("the file cannot be read", 1, 1, ""))
            else:  # just parsed, or known
                found = self._summaries.get(path) or from_plain(marshal.loads(record.summary))
            self._summaries[path] = found
        return found

    def _record(self, path: str) -> FileRecord | None:
        if path not in self._records:
            try:
                self._records[path] = self._current(path)
            except OSError:
                self._records[path] = None
        return self._records[path]

    def _current(self, path: str) -> FileRecord:
        known = self._sections["files"].get(path)
        record = FileRecord._make(known) if known is not None else None
        stat = _stat(path)
        if record is not None and record.stat == stat and not record.fresh and not self._paranoid:
            return record
        now = time.time_ns()
        data, stat = _read(path, stat)
        content = digest(data)
        if record is not None and record.digest == content:
            made = FileRecord(stat, _is_fresh(now, stat), content, record.summary)
        else:
            raw = b""
            if path.endswith(".py"):
                from .summary import to_plain

                summary = self._summaries[path] = _parse(data, path)
                raw = marshal.dumps(to_plain(summary))
            made = FileRecord(stat, _is_fresh(now, stat), content, raw)
        if made != record:
            self._sections["files"][path] = tuple(made)
            self.changed = True
        return made

    # folders

    def entries(self, folder: str) -> frozenset[str]:
        """What may be modules in a folder; folders end with "/"."""
        return self._folder(folder)[1]

    def listing(self, folder: str) -> str:
        """The digest of ``entries``."""
        return self._folder(folder)[0]

    def _folder(self, folder: str) -> tuple[str, frozenset[str]]:
        found = self._listed.get(folder)
        if found is None:
            names = self._kept(self._sections["folders"], folder, _scan)
            found = self._listed[folder] = (names[0], frozenset(names[1]))
        return found

    # sites

    def site(self, folder: str) -> str:
        """The digest of what is installed in a folder."""
        return self._site(folder)[0]

    def _site(self, folder: str) -> tuple[str, bytes]:
        found = self._sites.get(folder)
        if found is None:
            found = self._sites[folder] = self._kept(self._sections["sites"], folder, _scan_site)
        return found

    def distributions(self, folders: Sequence[str]) -> Distributions:
        from ..packages import Distribution, Distributions, Site

        sites: dict[str, Site] = {}
        for folder in folders:
            raw = self._site(folder)[1]
            if raw:
                distributions, claims, redirects, roots = marshal.loads(raw)
                made = {k: Distribution(*v) for k, v in distributions.items()}
                sites[folder] = Site(made, claims, redirects, roots)
        return Distributions(sites)

    def _kept(self, section: dict[str, Any], folder: str, scan: Callable[[str], Any]) -> Any:
        """What ``scan`` tells of a folder, kept until the folder's time stamp changes."""
        try:
            stat = _stat(folder)[1:]
        except OSError:
            return scan("")
        known = section.get(folder)
        if known is not None and known[0] == stat and not known[1] and not self._paranoid:
            return known[2]
        fresh = _is_fresh(time.time_ns(), (0, *stat)) or (not _TELLING and stat[0] % _COARSE == 0)
        made = scan(folder)
        if known != (stat, fresh, made):
            section[folder] = (stat, fresh, made)
            self.changed = True
        return made

    def forget_missing(self) -> None:
        """Drop the records of files that are gone."""
        for name in ("files", "folders", "sites"):
            section = self._sections[name]
            for path in [p for p in section if not os.path.exists(p)]:
                del section[path]


def _stat(path: str) -> tuple[int, int, int, int]:
    st = os.stat(path)
    return (st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)


def _is_fresh(now: int, stat: tuple[int, ...]) -> bool:
    return now - max(stat[1], stat[2]) < _GRAIN


def _read(path: str, stat: tuple[int, int, int, int]) -> tuple[bytes, tuple[int, int, int, int]]:
    """Bytes with the stat that belongs to them; a file that is being written is read until it rests."""
    for _ in range(10):
        with open(path, "rb") as f:
            data = f.read()
        after = _stat(path)
        if after == stat:
            break
        stat = after
    return data, stat


def _scan(folder: str) -> tuple[str, tuple[str, ...]]:
    names = []
    try:
        with os.scandir(folder or os.devnull) as entries:
            for entry in entries:
                if importable(entry.name):
                    names.append(entry.name + "/" if "." not in entry.name and entry.is_dir() else entry.name)
    except OSError:
        return ("", ())
    names.sort()
    return (combine("folder", names), tuple(names))


def _scan_site(folder: str) -> tuple[str, bytes]:
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        return ("", b"")
    if not any(n.endswith((".dist-info", ".egg-info")) or "editable" in n for n in names):
        return ("", b"")
    from ..packages import read_site

    site = read_site(folder, names)
    plain: tuple[Any, ...] = (
        {k: tuple(v) for k, v in sorted(site.distributions.items())},
        dict(sorted(site.claims.items())),
        dict(sorted(site.redirects.items())),
        site.roots,
    )
    raw = marshal.dumps(plain, 2)
    return (digest(repr(plain).encode("utf-8", "surrogatepass")), raw)
