"""What tasks print, and how much of it is kept."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_runner.workers.capture import LIMIT, read_bounded
from pipeline_runner.workers.inline_capture import Buffer, ProcessCapture, ThreadCapture
from pipeline_runner.workers.masking import Masker
from pipeline_runner.workers.streams import outside


def test_a_short_log_is_kept_whole() -> None:
    assert read_bounded(io.BytesIO(b"a\r\nb\xff\n"), str) == "a\nb�\n"


def test_of_a_long_log_the_beginning_and_the_end_are_kept() -> None:
    text = read_bounded(io.BytesIO(b"first\n" + b"x" * (5 * LIMIT) + b"\nlast\n"), str)
    assert text.startswith("first\n")
    assert text.endswith("\nlast\n")
    assert "3.1 MB left out" in text
    assert len(text) < 2 * LIMIT + 100


def test_a_secret_across_the_cut_is_masked() -> None:
    secret = "sesame-open"
    mask = Masker({"S": secret})
    for offset in range(len(secret) + 1):
        data = b"x" * (LIMIT - offset) + secret.encode() + b"y" * (3 * LIMIT)
        kept = read_bounded(io.BytesIO(data), mask)
        assert "sesa" not in kept
        assert "open" not in kept
        data = b"y" * (3 * LIMIT) + secret.encode() + b"x" * (LIMIT - offset)
        kept = read_bounded(io.BytesIO(data), mask)
        assert "sesa" not in kept
        assert "open" not in kept


def test_a_buffer_keeps_both_ends() -> None:
    buffer = Buffer()
    for i in range(9 * LIMIT // 10):
        buffer.write(f"{i:9}\n")
    text = buffer.text(str)
    assert text.startswith("        0\n")
    assert text.endswith(f"{9 * LIMIT // 10 - 1:9}\n")
    assert "left out" in text
    assert len(text) < 3 * LIMIT


def test_bytes_that_come_in_pieces() -> None:
    buffer = Buffer()
    for byte in "é".encode():
        buffer.write_bytes(bytes([byte]))
    assert buffer.text(str) == "é"


def test_threads_have_logs_of_their_own() -> None:
    texts: dict[str, str] = {}
    heard: dict[str, str] = {}
    barrier = threading.Barrier(2)

    def task(name: str) -> None:
        capture = ThreadCapture()
        capture.begin()
        barrier.wait(10)
        print("from", name)
        sys.stdout.buffer.write(name.encode())
        heard[name] = capture.so_far(str)
        barrier.wait(10)
        texts[name] = capture.end(str)

    threads = [threading.Thread(target=task, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == texts == {"one": "from one\none", "two": "from two\ntwo"}


@pytest.fixture
def capture() -> Iterator[ProcessCapture]:
    made = ProcessCapture()
    yield made
    made.close()


def test_children_and_c_code_are_heard_in_order(capture: ProcessCapture, capfd: Any) -> None:
    import ctypes

    before = sys.stdout, os.fstat(1).st_ino, os.fstat(2).st_ino
    for _ in range(2):
        capture.begin()
        print("one")
        subprocess.run([sys.executable, "-c", "import sys; print('two', file=sys.stderr)"], check=True)
        sys.stdout.buffer.write(b"three\n")
        if os.name == "posix":
            ctypes.CDLL(None).printf(b"four\n")
            threads = threading.Thread(target=print, args=("five",))
            threads.start()
            threads.join()
        heard = capture.so_far(str)
        text = capture.end(str)
        python = ["one", "two", "three", *(["five"] if os.name == "posix" else [])]
        for seen in (heard, text):  # stdio of C has a buffer of its own, which is emptied at the end
            assert [line for line in seen.splitlines() if line != "four"] == python
        assert ("four" in text) == (os.name == "posix")
    capture.restore()
    assert (sys.stdout, os.fstat(1).st_ino, os.fstat(2).st_ino) == before
    assert capfd.readouterr() == ("", "")


def test_who_is_outside_of_the_task_prints_to_the_stream(capture: ProcessCapture, capfd: Any) -> None:
    capture.begin()
    with outside():
        print("for the user")
        sys.stderr.write("and this\n")
    print("for the log")
    assert capture.end(str) == "for the log\n"
    out, err = capfd.readouterr()
    assert (out, err) == ("for the user\n", "and this\n")


def test_nothing_stays_redirected_after_an_interruption(capture: ProcessCapture, capfd: Any) -> None:
    before = sys.stdout, os.fstat(1).st_ino
    capture.begin()
    capture.restore()
    assert (sys.stdout, os.fstat(1).st_ino) == before
    print("seen")
    assert capfd.readouterr().out == "seen\n"
    capture.begin()
    print("next")
    assert capture.end(str) == "next\n"


def test_two_threads_do_not_take_the_descriptors_from_each_other(capture: ProcessCapture) -> None:
    before = os.fstat(1).st_ino
    capture.begin()
    ours = os.fstat(1).st_ino

    def other() -> None:
        second = ProcessCapture()
        second.begin()
        found.append(os.fstat(1).st_ino)
        second.end(str)
        second.restore()
        second.close()

    found: list[int] = []
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert (found, os.fstat(1).st_ino) == ([ours], ours)
    capture.end(str)
    capture.restore()
    assert os.fstat(1).st_ino == before


def test_a_stream_kept_by_a_logging_handler_serves_later_tasks(capture: ProcessCapture) -> None:
    capture.begin()
    kept = sys.stderr
    assert capture.end(str) == ""
    capture.begin()
    kept.write("later\n")
    assert capture.end(str) == "later\n"
    capture.restore()
    assert sys.stderr is not kept


def test_a_task_in_a_task(capture: ProcessCapture) -> None:
    inner = ProcessCapture()
    before = sys.stdout
    capture.begin()
    print("outer")
    inner.begin()
    print("inner")
    assert inner.end(str) == "inner\n"
    inner.close()
    print("outer again")
    assert capture.end(str) == "outer\nouter again\n"
    capture.restore()
    assert sys.stdout is before


def test_between_the_tasks_of_a_batch_nothing_is_taken_for_theirs(
    capture: ProcessCapture, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(1, "w", closefd=False) as buffered:
        monkeypatch.setattr(sys, "__stdout__", buffered)
        capture.begin()
        print("one")
        buffered.write("one, on the side\n")
        assert sorted(capture.end(str).splitlines()) == ["one", "one, on the side"]
        print("for the user")
        os.write(1, b"from a child that lives on\n")
        capture.begin()
        print("two")
        assert capture.end(str) == "two\n"
        capture.restore()
    assert capfd.readouterr() == ("for the user\n", "")


def test_descriptors_that_a_task_led_elsewhere_lead_to_the_next_ones_log(capture: ProcessCapture) -> None:
    before = os.fstat(1).st_ino
    capture.begin()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    os.close(2)
    capture.end(str)
    for text in ("two\n", "three\n"):
        capture.begin()
        os.write(1, text.encode())
        os.write(2, text.encode())
        assert capture.end(str) == text * 2
    capture.restore()
    assert os.fstat(1).st_ino == before


def test_secrets_are_masked_in_every_form() -> None:
    mask = Masker({"A": 'pass"word', "B": "one\nline after line"})
    assert mask('x pass"word y') == "x *** y"
    assert mask(r"{\"a\": \"pass\"word\"}") == r"{\"a\": \"***\"}"
    assert mask('{"a": "pass\\"word"}') == '{"a": "***"}'
    assert mask("https://u:pass%22word@host") == "https://u:***@host"
    assert mask("line after line") == "***"
