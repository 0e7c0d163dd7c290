"""Blobs, entries, run records, codecs. The only home of fsspec."""
