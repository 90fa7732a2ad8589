"""A few words about HTML nodes that the readers of arXiv's pages share."""

from __future__ import annotations

from functools import lru_cache

from selectolax.lexbor import LexborNode


def every(root: LexborNode, selector: str) -> list[LexborNode]:
    """The nodes below `root` that a selector finds, each once, in document order."""
    found = {node.mem_id: node for node in root.css(selector) if node.mem_id != root.mem_id}
    return list(found.values())


def outermost(root: LexborNode, selector: str) -> list[LexborNode]:
    """The same, without those that stand inside another of them."""
    nodes = every(root, selector)
    found = {node.mem_id for node in nodes}
    return [node for node in nodes if not _is_inside(node, found, root.mem_id)]


def _is_inside(node: LexborNode, found: set[int], root: int) -> bool:
    above = node.parent
    while above is not None and above.mem_id != root:
        if above.mem_id in found:
            return True
        above = above.parent
    return False


def classes(node: LexborNode) -> frozenset[str]:
    """The classes of an element; none for a text."""
    return _split(attribute(node, "class"))


@lru_cache(maxsize=4096)
def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())


def attribute(node: LexborNode, name: str) -> str:
    """An attribute's value, "" where the node has none."""
    return (node.attrs.get(name) or "") if node.is_element_node else ""
