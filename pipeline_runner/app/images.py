"""How large an image is, from its first bytes; no imaging library is needed for that."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple


class Image(NamedTuple):
    """What its header says."""

    format: str
    width: int
    height: int


def image_of(data: bytes) -> Image | None:
    """None where it is no image that we know: PNG, JPEG, GIF, BMP, WebP, SVG."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return Image("PNG", *struct.unpack(">II", data[16:24]))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return Image("GIF", *struct.unpack("<HH", data[6:10]))
        if data[:2] == b"BM" and len(data) > 26:
            width, height = struct.unpack("<ii", data[18:26])
            return Image("BMP", width, abs(height))
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:15] == b"WEBPVP8":
            return _webp(data)
        return _svg(data[:4096]) if b"<svg" in data[:1024] else None
    except (struct.error, IndexError, ValueError):
        return None


def _jpeg(data: bytes) -> Image | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Image("JPEG", width, height)
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None


def _webp(data: bytes) -> Image | None:
    if data[12:16] == b"VP8X":
        return Image("WebP", *(1 + int.from_bytes(data[i : i + 3], "little") for i in (24, 27)))
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return Image("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack("<HH", data[26:30])
    return Image("WebP", width & 0x3FFF, height & 0x3FFF)


def _svg(data: bytes) -> Image | None:
    text = data.decode("utf-8", "replace")
    tag = re.search(r"<svg\b[^>]*>", text)
    if tag is None:
        return None
    size = [re.search(rf'\b{name}="([\d.]+)(?:px)?"', tag[0]) for name in ("width", "height")]
    if all(size):
        return Image("SVG", *(round(float(found[1])) for found in size if found))
    box = re.search(r'\bviewBox="[\d.-]+[ ,]+[\d.-]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', tag[0])
    return Image("SVG", round(float(box[1])), round(float(box[2]))) if box else None
