"""What tasks print, and how much of it is kept."""

from __future__ import annotations

import io
import sys
import threading

from pipeline_runner.workers.capture import LIMIT, Buffer, StreamCapture, read_bounded
from pipeline_runner.workers.masking import Masker


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


def test_threads_have_logs_of_their_own() -> None:
    capture = StreamCapture(threads=True)
    texts: dict[str, str] = {}
    barrier = threading.Barrier(2)

    def task(name: str) -> None:
        capture.begin()
        barrier.wait(10)
        print("from", name)
        sys.stdout.buffer.write(name.encode())
        barrier.wait(10)
        texts[name] = capture.end(str)

    threads = [threading.Thread(target=task, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {"one": "from one\none", "two": "from two\ntwo"}


def test_a_stream_kept_by_a_logging_handler_serves_later_tasks() -> None:
    first = StreamCapture(threads=False)
    first.begin()
    kept = sys.stderr
    assert first.end(str) == ""
    second = StreamCapture(threads=False)
    second.begin()
    kept.write("later\n")
    assert second.end(str) == "later\n"
    assert sys.stderr is not kept


def test_a_task_in_a_task() -> None:
    capture = StreamCapture(threads=False)
    before = sys.stdout
    capture.begin()
    print("outer")
    capture.begin()
    print("inner")
    assert capture.end(str) == "inner\n"
    print("outer again")
    assert capture.end(str) == "outer\nouter again\n"
    assert sys.stdout is before


def test_secrets_are_masked_in_every_form() -> None:
    mask = Masker({"A": 'pass"word', "B": "one\nline after line"})
    assert mask('x pass"word y') == "x *** y"
    assert mask(r"{\"a\": \"pass\"word\"}") == r"{\"a\": \"***\"}"
    assert mask('{"a": "pass\\"word"}') == '{"a": "***"}'
    assert mask("https://u:pass%22word@host") == "https://u:***@host"
    assert mask("line after line") == "***"
