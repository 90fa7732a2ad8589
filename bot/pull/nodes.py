"""A few words about HTML nodes that the readers of arXiv's pages share."""

from __future__ import annotations

from selectolax.lexbor import LexborNode


def every(root: LexborNode, selector: str) -> list[LexborNode]:
    """The nodes below `root` that a selector finds, each once, in document order."""
    found = {node.mem_id: node for node in root.css(selector) if node.mem_id != root.mem_id}
    return list(found.values())


def outermost(root: LexborNode, selector: str) -> list[LexborNode]:
    """The same, without those that stand inside another of them."""
    nodes = every(root, selector)
    inner = {below.mem_id for node in nodes for below in every(node, selector)}
    return [node for node in nodes if node.mem_id not in inner]


def classes(node: LexborNode) -> frozenset[str]:
    """The classes of an element; none for a text."""
    return frozenset((attribute(node, "class")).split())


def attribute(node: LexborNode, name: str) -> str:
    """An attribute's value, "" where the node has none."""
    return (node.attributes.get(name) or "") if node.tag != "-text" else ""
