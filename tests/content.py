"""What the content of a file or a folder is, worked out from the pieces that the store is made of."""

from __future__ import annotations

from pathlib import Path

from pipeline_runner.keys.trees import bytes_digest, content_of_file, content_of_tree, tree_nodes


def file_content(path: Path) -> str:
    return content_of_file(bytes_digest(str(path)), str(path))


def tree_content(top: Path) -> str:
    nodes = tree_nodes(str(top))
    return content_of_tree(
        nodes, [bytes_digest(str(top / n.path)) if n.kind == "file" else "" for n in nodes]
    )
