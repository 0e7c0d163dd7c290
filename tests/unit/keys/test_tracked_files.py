from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from content import file_content, tree_content

from pipeline_runner.keys import known_files
from pipeline_runner.keys.files import FileIndex
from pipeline_runner.keys.trees import stamps_of

LATER = 10**10  # nanoseconds: by then every time stamp is settled


def later() -> int:
    return time.time_ns() + LATER


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "data" / "sub").mkdir(parents=True)
    (root / "data" / "a.csv").write_text("a")
    (root / "data" / "b.csv").write_text("b")
    (root / "data" / "sub" / "c.csv").write_text("c")
    (root / "data" / ".hidden").write_text("h")
    return root


def index(root: Path, **options: Any) -> FileIndex:
    return FileIndex(str(root), str(root.parent / "index" / "files.json"), clock=later, **options)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose bytes were read."""
    seen: list[str] = []
    real = known_files.bytes_digest

    def counted(path: str) -> str:
        seen.append(os.path.basename(path))
        return real(path)

    monkeypatch.setattr(known_files, "bytes_digest", counted)
    return seen


def test_one_file_is_an_absolute_path(root: Path) -> None:
    found = index(root).track("data/a.csv")
    assert found.paths == (str(root / "data" / "a.csv"),)
    assert not found.many
    assert found.what == "data/a.csv"
    assert index(root).track(str(root / "data" / "a.csv")).digest == found.digest


def test_content_and_relative_path_count_and_nothing_else(root: Path, tmp_path: Path) -> None:
    before = index(root).track("data/a.csv").digest
    os.utime(root / "data" / "a.csv", (1, 1))
    assert index(root).track("data/a.csv").digest == before
    (root / "data" / "a.csv").write_text("z")
    assert index(root).track("data/a.csv").digest != before
    (root / "data" / "a.csv").write_text("a")
    assert index(root).track("data/a.csv").digest == before
    (root / "data" / "d.csv").write_text("a")
    assert index(root).track("data/d.csv").digest != before
    moved = tmp_path / "elsewhere"
    root.rename(moved)
    assert index(moved).track("data/a.csv").digest == before


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("data/*.csv", ["data/a.csv", "data/b.csv"]),
        ("data/[ab].csv", ["data/a.csv", "data/b.csv"]),
        ("data/?.csv", ["data/a.csv", "data/b.csv"]),
        ("data/**/*.csv", ["data/a.csv", "data/b.csv", "data/sub/c.csv"]),
        ("**/c.csv", ["data/sub/c.csv"]),
        ("data/**", ["data/a.csv", "data/b.csv", "data/sub/c.csv"]),
        ("*/sub/*", ["data/sub/c.csv"]),
        ("data/.h*", ["data/.hidden"]),
        ("data", ["data/.hidden", "data/a.csv", "data/b.csv", "data/sub/c.csv"]),
        (["data/b.csv", "data/a.csv"], ["data/b.csv", "data/a.csv"]),
        (["data/b.csv"], ["data/b.csv"]),
    ],
)
def test_patterns_folders_and_lists_are_many(root: Path, value: Any, names: list[str]) -> None:
    found = index(root).track(value)
    assert found.many
    assert [Path(p).relative_to(root).as_posix() for p in found.paths] == names


def test_a_folder_changes_with_any_file_in_it(root: Path) -> None:
    digests = [index(root).track("data").digest]
    (root / "data" / "sub" / "c.csv").write_text("C")
    digests.append(index(root).track("data").digest)
    (root / "data" / "new").write_text("")
    digests.append(index(root).track("data").digest)
    (root / "data" / "new").rename(root / "data" / "newer")
    digests.append(index(root).track("data").digest)
    assert len(set(digests)) == 4


def test_one_file_and_a_list_of_it_are_told_apart(root: Path) -> None:
    one = index(root).track("data/sub/c.csv").digest
    assert (
        len({one, index(root).track("data/sub/*").digest, index(root).track(["data/sub/c.csv"]).digest}) == 3
    )


def test_what_tools_leave_behind_and_the_store_are_not_part_of_a_folder(root: Path) -> None:
    before = index(root).track(".").digest
    for name in (".git/x", "data/__pycache__/x", ".prun/x", "data/.DS_Store"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
    assert index(root).track(".").digest == before
    (root / "cache").mkdir()
    (root / "cache" / "x").write_text("x")
    assert index(root).track(".").digest != before
    assert index(root, ignore=[str(root / "cache")]).track(".").digest == before
    for pattern in ("**", "**/*", "*/*"):
        paths = index(root, ignore=[str(root / "cache")]).track(pattern).paths
        assert not [p for p in paths if "cache" in p]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_followed_but_not_in_circles(root: Path) -> None:
    (root / "data" / "sub" / "up").symlink_to("..")
    (root / "linked").symlink_to("data")
    assert len(index(root).track("data").paths) == 4
    assert len(index(root).track("linked").paths) == 4
    assert len(index(root).track("**/*.csv").paths) == 6
    (root / "self").symlink_to("self")
    with pytest.raises(OSError):  # noqa: PT011
        index(root).track("self")


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(root: Path) -> None:
    (root / "x[1].csv").write_text("1")
    found = index(root).track("x[1].csv")
    assert not found.many
    assert found.paths == (str(root / "x[1].csv"),)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("data/aa.csv", "there is no file data/aa.csv: did you mean a.csv"),
        ("data/zzzzzzz", "in data there are .hidden, a.csv"),
        ("dada/a.csv", "did you mean data?"),
        ("data/*.tsv", "no file matches data/*.tsv"),
        ("nowhere/**/*.csv", "no file matches nowhere/**/*.csv"),
        (["data/a.csv", "data/x.tsv"], "there is no file data/x.tsv"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_is(root: Path, value: Any, message: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        index(root).track(value)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", ["", 3, None, ["a", 1], {"a": "b"}])
def test_what_is_no_path_is_an_error(root: Path, value: Any) -> None:
    with pytest.raises(ValueError, match="path"):
        index(root).track(value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(root: Path) -> None:
    os.mkfifo(root / "data" / "pipe")
    for value in ("data/pipe", "data"):
        with pytest.raises(OSError, match="named pipe"):
            index(root).track(value)


def test_unchanged_files_are_not_read_again(root: Path, reads: list[str]) -> None:
    first = index(root)
    digest = first.track("data").digest
    first.save()
    reads.clear()
    second = index(root)
    assert second.track("data").digest == digest
    assert reads == []
    (root / "data" / "a.csv").write_text("aa")
    assert second.track("data").digest != digest
    assert reads == ["a.csv"]


def test_paranoid_reads_every_file(root: Path, reads: list[str]) -> None:
    first = index(root)
    first.track("data")
    first.save()
    # what cannot be told by looking: the index says of the new file what the old one held
    path = str(root / "data" / "a.csv")
    known = first._known
    content = known._all_rows()[path][0]
    (root / "data" / "a.csv").write_text("A")
    known._all_rows()[path] = (content, stamps_of(os.stat(path)))
    known._changed = True
    first.track("data")  # and of the list, too
    first.save()
    assert index(root, paranoid=True).track("data").digest != index(root).track("data").digest
    before = index(root).track("data/a.csv").digest
    reads.clear()
    paranoid = index(root, paranoid=True)
    assert paranoid.track("data/a.csv").digest != before
    paranoid.track("data/a.csv")
    assert reads == ["a.csv"]  # once is enough
    paranoid.save()
    assert index(root).track("data/a.csv").digest != before


@pytest.mark.skipif(os.name == "nt", reason="a change of a file leaves its creation time alone")
@pytest.mark.parametrize("how", ["in place", "replaced", "through another name"])
def test_a_file_of_the_same_size_and_time_stamp_is_found(root: Path, how: str) -> None:
    file = root / "data" / "a.csv"
    os.link(file, root / "data" / "sub" / "same.txt")
    before = file.stat()
    first = index(root)
    one, many = first.track("data/a.csv").digest, first.track("data/*.csv").digest
    first.save()
    target = {"in place": file, "replaced": root / "new", "through another name": root / "data/sub/same.txt"}[
        how
    ]
    target.write_text("Z")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    if how == "replaced":
        os.replace(target, file)
    assert index(root).track("data/a.csv").digest != one
    assert index(root).track("data/*.csv").digest != many


def test_of_a_list_only_what_is_new_or_changed_is_read(root: Path, reads: list[str]) -> None:
    def looked_at() -> str:
        found = index(root)
        digest = found.track("data").digest
        found.save()
        return digest

    digests = [looked_at()]
    (root / "data" / "b.csv").write_text("bb")
    reads.clear()
    digests.append(looked_at())
    assert reads == ["b.csv"]
    (root / "data" / "a.csv").rename(root / "data" / "z.csv")
    reads.clear()
    digests.append(looked_at())
    assert reads == ["z.csv"]
    (root / "data" / "z.csv").unlink()
    reads.clear()
    digests += [looked_at(), looked_at()]
    assert reads == []
    assert len(set(digests)) == 4


def test_projects_that_share_an_index_do_not_push_each_other_out(root: Path, reads: list[str]) -> None:
    other = root.parent / "other"
    (other / "data").mkdir(parents=True)
    (other / "data" / "a.csv").write_text("another")
    for _ in range(2):
        for folder in (root, other):
            found = FileIndex(str(folder), str(root.parent / "index" / "files"), clock=later)
            found.track("data")
            found.track("data/a.csv")
            found.save()
    assert len(reads) == 5


def test_a_file_beside_the_folder_counts_by_its_way_from_there(root: Path, tmp_path: Path) -> None:
    (tmp_path / "beside.csv").write_text("x")
    before = index(root).track("../beside.csv")
    assert before.paths == (str(tmp_path / "beside.csv"),)
    assert index(root).track("../*.csv").digest != before.digest
    assert index(root).track(str(tmp_path / "beside.csv")).digest != before.digest
    (tmp_path / "moved").mkdir()
    root.rename(tmp_path / "moved" / "project")
    (tmp_path / "beside.csv").rename(tmp_path / "moved" / "beside.csv")
    assert index(tmp_path / "moved" / "project").track("../beside.csv").digest == before.digest


def test_a_local_url_is_a_path(root: Path) -> None:
    found = index(root).track(f"file://{root}/data/a.csv")
    assert found == index(root).track(str(root / "data" / "a.csv"))._replace(what=found.what)


def test_a_home_is_known(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(root / "data"))
    monkeypatch.setenv("USERPROFILE", str(root / "data"))
    assert index(root).track("~/a.csv").paths == (str(root / "data" / "a.csv"),)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("value", ["data/broken", "data", "data/*"])
def test_a_link_to_nothing_is_named_with_where_it_leads(root: Path, value: str) -> None:
    (root / "data" / "broken").symlink_to("nowhere")
    with pytest.raises(OSError, match=r"broken is a link to nowhere, which is not there"):
        index(root).track(value)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are Unicode there")
def test_a_name_that_is_no_text_is_a_name(root: Path) -> None:
    name = os.fsencode(root / "data") + b"/n\xff.csv"
    with open(name, "w") as file:
        file.write("x")
    digests = set()
    for _ in range(2):
        found = index(root)
        tracked = found.track("data/*.csv")
        found.save()
        digests.add(tracked.digest)
    assert os.fsencode(tracked.paths[-1]) == name
    assert len(digests) == 1


def test_a_file_that_grows_while_it_is_read_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = root / "data" / "a.csv"
    real = os.read

    def read(fd: int, size: int) -> bytes:
        with file.open("a") as more:
            more.write("more")
        return real(fd, size)

    monkeypatch.setattr(os, "read", read)
    with pytest.raises(OSError, match="changed while it was read"):
        index(root).track("data/a.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("value", ["data/sub", "data/**/c.csv", "data/a.csv"])
def test_what_may_not_be_read_is_an_error(root: Path, value: str) -> None:
    (root / "data" / "sub").chmod(0)
    (root / "data" / "a.csv").chmod(0)
    with pytest.raises(PermissionError):
        index(root).track(value)
    (root / "data" / "sub").chmod(0o755)


def test_a_file_modified_a_moment_ago_is_not_trusted(root: Path, reads: list[str]) -> None:
    path = str(root.parent / "index.json")
    first = FileIndex(str(root), path)  # the clock as it is: the files are new
    first.track("data")
    first.save()
    reads.clear()
    FileIndex(str(root), path).track("data")
    assert len(reads) == 4


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 48 + b"\n[]", b"{}"])
def test_a_damaged_index_is_as_if_there_were_none(root: Path, damage: bytes) -> None:
    first = index(root)
    digest = first.track("data").digest
    first.save()
    kept = root.parent / "index" / "files.json"
    kept.write_bytes(damage)
    assert index(root).track("data").digest == digest
    kept.write_bytes(damage)
    second = index(root)
    second.track("data")
    second.save()
    assert index(root).track("data").digest == digest


def test_an_index_that_cannot_be_written_is_no_error(root: Path) -> None:
    (root.parent / "index").write_text("a file in the way")
    first = index(root)
    first.track("data")
    first.save()


def test_urls_are_left_to_whoever_knows_them(root: Path) -> None:
    with pytest.raises(ValueError, match="URL"):
        index(root).track("s3://b/x")
    found = index(root, remote=lambda url, paranoid: ([url], [url, "etag"], False)).track("s3://b/x")
    assert found.paths == ("s3://b/x",)
    assert not found.many


def test_a_file_as_a_value_is_content_and_suffix(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "a.txt", "a.tar.gz", "a.gz"):
        (tmp_path / name).write_text("same")
    d = {p.name: file_content(p) for p in tmp_path.iterdir()}
    assert d["a.csv"] == d["b.csv"]
    assert len(set(d.values())) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_a_folder_as_a_value(tmp_path: Path) -> None:
    def make(name: str) -> Path:
        top = tmp_path / name
        (top / "sub").mkdir(parents=True)
        (top / "sub" / "f").write_text("f")
        (top / "link").symlink_to("sub/f")
        return top

    digests = [tree_content(make("one"))]
    assert tree_content(make("two")) == digests[0]
    two = tmp_path / "two"
    (two / "sub" / "f").chmod(0o755)
    digests.append(tree_content(two))
    (two / "empty").mkdir()
    digests.append(tree_content(two))
    (two / "sub" / "f").rename(two / "sub" / "g")
    digests.append(tree_content(two))
    assert len(set(digests)) == 4
    (two / "out").symlink_to(tmp_path / "one" / "sub" / "f")
    with pytest.raises(OSError, match="leads out"):
        tree_content(two)
