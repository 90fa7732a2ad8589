"""The institutions that a paper's author block states, one short name each.

Every LaTeX class has its own way: marked affiliations (acmart, revtex, IEEEtran, elsarticle), institutes outside the
author block (llncs), or nothing but lines under the names (article, NeurIPS), where marks (¹, ², †) or the words of
institutions tell them from people. What is given is the institution itself: "Department of Physics, Example State
University, Sampleton" → "Example State University".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.pull.nodes import attribute, classes, every

Line = list[tuple[str, str]]  # pieces of ("mark" | "text", words)

_AFFILIATIONS = (
    "ltx_role_affiliation",
    "ltx_role_affiliationtext",
    "ltx_role_address",
    "ltx_role_institution",
    "ltx_affiliation",
)
MOST = 24
_LONGEST = 120

_UNIVERSITY = re.compile(
    r"universi|\buniv\b\.?|universität|università|\b(?:institute|institut) of (?:science|technology)|polytechni|politecnico"
    r"|école|hochschule|ecole|大学|學院|学院|\bcollege\b|\bacademy\b",
    re.IGNORECASE,
)
_INSTITUTE = re.compile(
    r"institut|instytut|research cent|national lab|academia|akademie|\b(?:medical|business|law) school\b|school of economics"
    r"|研究院|研究所|实验室",
    re.IGNORECASE,
)
_HOUSE = re.compile(
    r"\b(?:lab|labs|laborator\w+|research|cent(?:er|re)s?|hospital|clinic|foundation|observatory|museum|society|agency"
    r"|council|ministry|inc|corp|corporation|ltd|limited|llc|gmbh|plc|co|company|group|technolog\w+|robotics|systems"
    r"|software|ventures|ai|association|consortium|collaboration)\b\.?",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^(?:the )?(?:dept|department|school of|faculty|division|chair|section of|graduate school|college of|departamento"
    r"|département|dipartimento|fakultät)\b",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"equal(?:ly)? (?:contribut|advis)|contribut\w* equally|correspond|project (?:page|lead)|work done|intern(?:ship)? at"
    r"|e-?mails?:|https?:|www\.|this work|co-first|first author|supported by|funded|\bgrant\b|editor|manuscript|thanks"
    r"|director|programmer|professor|student|fellow|member|footnotemark|^(?:and|with|of|the|phone|fax|tel\w*)$|github|code:|homepage",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?:\{[^}]*\}|\[[^\]]*\]|[\w.+\-, ]*)\s*@\s*[\w.\-]+|\S+@\S+")
_MARK = re.compile(r"[\d*∗†‡§¶‖∥#♠♣♥♦△▲⋆★✉,\s]+|[a-h]")
_NAME_MARK = re.compile(r"^(?:st|nd|rd|th)$")
_EDGES = " \t,;:.*∗†‡§¶&|/–—-"
_KEY_VALUES = re.compile(r"\borgani[sz]ation\s*=\s*\{?([^=}]+?)\}?\s*(?:,\s*\w+\s*=|$)")
_WITH = re.compile(
    r"\b(?:is|are|was|were)\s+(?:also\s+)?(?:with|at)\s+(?:the\s+)?(.+?)(?=\.\s|\.[A-Z]|;|\s\(|\be-?mails?\b|\.?$)"
)
_BREAKS = frozenset({"br", "p", "div", "tr", "table", "li"})
_LISTED = re.compile(r"(?:^|\s)\d{1,2}\]\s*")

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def from_html(html: str) -> tuple[str, ...]:
    """The institutions that an arXiv HTML page states, in its order; () where it states none."""
    root = LexborHTMLParser(html).css_first(".ltx_document")
    return stated(root) if root is not None else ()


def stated(root: LexborNode) -> tuple[str, ...]:
    """The institutions of a page's `.ltx_document`: the marked ones, else those of the lines, else of the notes."""
    front = _front(root)
    for source in (_marked, _of_lines, _of_notes, _of_title_page):
        names = _distinct(source(front))
        if names:
            return names
    return ()


def of_lines(lines: Iterable[Line]) -> tuple[str, ...]:
    """The institutions in the lines of an author block, where nothing but marks and words tells them."""
    return _distinct(name for line in map(_joined, lines) for name in _of_line(line))


def author_lines(root: LexborNode) -> tuple[str, ...]:
    """The text of the author block, line by line, as found."""
    lines = []
    for block in (node for node in _front(root) if "ltx_authors" in classes(node)):
        raw: list[Line] = [[]]
        _collect(block, raw, everything=True, depth=0)
        for line in raw:
            text = "".join(words.translate(_SUPERSCRIPTS) if kind == "mark" else words for kind, words in line)
            text = " ".join(text.split())
            if any(c.isalpha() for c in text):
                lines.append(text)
    return tuple(lines)


# --------------------------------------------------------------------------- where they are stated

Front = list[LexborNode]


def _front(root: LexborNode) -> Front:
    """What stands before the first section."""
    front: Front = []
    for node in root.iter():
        if classes(node) & {"ltx_section", "ltx_chapter", "ltx_part"}:
            break
        front.append(node)
    return front


def _find(front: Front, *kinds: str) -> Iterator[LexborNode]:
    selector = ", ".join(f".{kind}" for kind in kinds)
    for node in front:
        if classes(node) & frozenset(kinds):
            yield node
        else:
            yield from every(node, selector)


def _marked(front: Front) -> Iterator[str]:
    for node in _find(front, *_AFFILIATIONS):
        named = every(node, ".ltx_affiliation_institution")
        if named:
            yield from (name for part in named for name in _principal([" ".join(part.text().split())]))
        else:
            yield from _principal(_plain(_lines(node)), stated=True)
    yield from _institutes(front)
    yield from _key_values(front)


def _institutes(front: Front) -> Iterator[str]:
    for node in _find(front, "ltx_role_institutetext", "ltx_role_institute"):
        inner = node.css_first(".ltx_note_content") or node
        yield from _principal(_plain(_lines(inner)), stated=True)


def _of_lines(front: Front) -> Iterator[str]:
    for name in _find(front, "ltx_personname"):
        for line in _lines(name):
            yield from _of_line(line)


def _of_line(line: Line) -> Iterator[str]:
    marked = False
    begins_with_mark = bool(line) and line[0][0] == "mark"
    for kind, text in line:
        if kind == "mark":
            marked = True
            continue
        # After a mark stands what it marks, unless the line began with a name.
        known = _known(text)
        if begins_with_mark and marked:
            yield from _principal([text], stated=True)
        elif known:
            yield from _principal([text])


def _of_notes(front: Front) -> Iterator[str]:
    for node in _find(front, "ltx_author_notes", "ltx_role_thanks"):
        text = " ".join(node.text(separator=" ").split())
        for match in _WITH.finditer(text):
            yield from _principal([match[1]])


def _key_values(front: Front) -> Iterator[str]:
    r"""What elsarticle's \affiliation{organization=…} becomes where LaTeXML does not know the command."""
    for text in _title_page(front):
        for value in _KEY_VALUES.findall(text):
            yield from _principal([value], stated=True)


def _of_title_page(front: Front) -> Iterator[str]:
    """Affiliations that a class unknown to LaTeXML leaves as a paragraph: "1]First House 2]Second House"."""
    for text in _title_page(front):
        if _LISTED.search(text) and len(text) < 600:
            yield from (name for part in _LISTED.split(text) for name in _principal([part], stated=True))


def _title_page(front: Front) -> Iterator[str]:
    for node in front:
        if "ltx_para" in classes(node):
            yield " ".join(node.text(separator=" ").split())


# --------------------------------------------------------------------------- a block as lines


def _lines(node: LexborNode) -> list[Line]:
    """The lines of a block as pieces of text and marks, without e-mails, addresses and notes."""
    lines: list[Line] = [[]]
    _collect(node, lines, everything=False, depth=0)
    return [line for line in map(_joined, lines) if line]


def _collect(node: LexborNode, lines: list[Line], *, everything: bool, depth: int) -> None:
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            lines[-1].append(("text", child.text()))
            continue
        kinds = classes(child)
        if child.tag == "br":
            lines.append([])
        elif child.tag == "math":
            mark = _mark_of(child)
            lines[-1].append(("mark", mark) if mark else ("text", attribute(child, "alttext")))
        elif child.tag == "sup" and "ltx_note_mark" not in kinds:
            mark = child.text().strip()
            lines[-1].append(("text", mark) if _NAME_MARK.match(mark) else ("mark", mark))
        elif _skipped(child, kinds, everything=everything):
            continue
        elif depth < 40:
            if lines[-1] and any(kind.startswith("ltx_affiliation_") for kind in kinds):
                lines[-1].append(("text", ", "))  # the page's style sheet sets them apart
            own_line = child.tag in _BREAKS or bool(kinds & {"ltx_contact", "ltx_creator", "ltx_author_notes"})
            if own_line and lines[-1]:
                lines.append([])
            _collect(child, lines, everything=everything, depth=depth + 1)
            if own_line and lines[-1]:
                lines.append([])


def _skipped(node: LexborNode, kinds: frozenset[str], *, everything: bool) -> bool:
    if kinds & {"ltx_note_mark", "ltx_note_type", "ltx_contact_name", "ltx_tag", "ltx_ERROR"}:
        return True
    if everything:
        return False
    text = node.text()
    return (
        bool(kinds & {"ltx_note", "ltx_role_email", "ltx_role_orcid", "ltx_role_url"})
        or ("ltx_font_typewriter" in kinds and ("@" in text or "." in text or "}" in text))
        or (node.tag == "a" and ("@" in text or "." in text or "://" in text))
    )


def _mark_of(math: LexborNode) -> str:
    """A formula that only sets a mark, like {}^{1,2}: the mark."""
    match = re.fullmatch(r"(?:\{\})?\^\{?(.*?)\}?", attribute(math, "alttext").replace(" ", ""), re.DOTALL)
    if match is None:
        return ""
    text = re.sub(r"\\(?:text|mathrm|mathbf|rm|bf|bm)\b", "", match[1])
    text = re.sub(
        r"\\(?:dagger|ddagger|ast|star|diamond|heartsuit|spadesuit|clubsuit|S|P|natural|flat|sharp)\b", "†", text
    )
    return re.sub(r"[{}\\]", "", text) or "†"


def _joined(line: Line) -> Line:
    """Neighbouring texts as one, spaces made plain, empty pieces left out."""
    joined: Line = []
    for kind, text in line:
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        else:
            joined.append((kind, text))
    plain = [(kind, " ".join(text.split())) for kind, text in joined]
    return [(kind, text) for kind, text in plain if text.strip(_EDGES if kind == "text" else " ")]


def _plain(lines: Iterable[Line]) -> list[str]:
    return ["".join(text for kind, text in line if kind == "text") for line in lines]


# --------------------------------------------------------------------------- names


_TOP = 4


def _rank(part: str) -> int:
    """How much a part of an address is an institution: 4 university, 3 institute or known house, 2 lab, 1 department."""
    if _PART.match(part) and not re.search(r"universi|institut", part, re.IGNORECASE):
        return 1
    if _UNIVERSITY.search(part) or part.casefold() in _HOUSES_TOP:
        return _TOP
    if _INSTITUTE.search(part) or _known_house(part):
        return 3
    if _HOUSE.search(part):
        return 2
    return 0


def _known(text: str) -> bool:
    return any(_rank(part) > 1 for part in _parts(text))


def _known_house(part: str) -> bool:
    words = re.findall(r"[\w&.\-]+", part.casefold())
    return any(" ".join(words[i : i + n]) in _HOUSES for n in (1, 2, 3) for i in range(len(words) - n + 1))


def _parts(text: str) -> list[str]:
    text = _EMAIL.sub(" ", text)
    parts = re.split(r"\s*[,;|()]\s*|\s+[–—/-]\s+|^&\s*|\\\\", text)
    found: list[str] = []
    for part in filter(None, (part.strip(_EDGES) for part in parts)):
        inside = re.search(r"\bat (?:the )?(?=.*(?:universi|institut))", part, re.IGNORECASE)
        found.append(part[inside.end() :] if inside is not None and _PART.match(part) else part)
    return found


def _halves(part: str) -> list[str]:
    """Two institutions that share a line: "Example University & Fixture Labs"; not "Arts and Sciences"."""
    for match in re.finditer(r"\s+(?:&|and)\s+", part):
        left, right = part[: match.start()], part[match.end() :]
        whole = re.match(r"(?:technolog|engineering|science|systems|research|society)", right, re.IGNORECASE)
        if whole is None and min(len(left.split()), len(right.split())) > 1 and min(_rank(left), _rank(right)) > 1:
            return [left, *_halves(right)]
    return [part]


def _principal(lines: list[str], *, stated: bool = False) -> list[str]:
    """The institutions in the lines of one affiliation.

    `stated`: the page says that this is one, so its first part is taken where no word tells an institution.
    """
    parts = [part for line in lines for part in _parts(line) if not _REMARK.search(part)]
    ranked = [(_rank(part), part) for part in parts]
    best = max((rank for rank, _ in ranked), default=0)
    if best > 1:
        chosen = [part for rank, part in ranked if rank == best]
        # Two universities are two; of a house and its own parts ("Mila, Quebec AI Institute") the first is meant.
        return [half for part in (chosen if best == _TOP else chosen[:1]) for half in _halves(part)]
    if not stated:
        return []
    named = [part for rank, part in ranked if rank == best and sum(c.isalpha() for c in part) > 1 and _is_name(part)]
    return named[:1]


def _is_name(part: str) -> bool:
    first = part.lstrip("0123456789. ")
    return bool(first) and (first[0].isupper() or not first[0].isascii()) and not re.search(r"\d{3,}", part)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for name in names:
        short = re.sub(r"^\d+\s*", "", name.strip(_EDGES + "[]{}"))
        short = re.sub(r"^(?:the|at the|from)\s+(?=[A-Z])", "", short).strip(_EDGES + "[]{}")
        if re.search(r"\b(?:Inc|Ltd|Corp|Co)$", short):
            short += "."
        if 1 < len(short) <= _LONGEST and any(c.isalpha() for c in short):
            kept.setdefault(re.sub(r"\W+", "", short.casefold()), short)
    return tuple(kept.values())[:MOST]


def _read_houses() -> tuple[frozenset[str], frozenset[str]]:
    lines = files("bot.pull").joinpath("houses.txt").read_text("utf-8").splitlines()
    entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    top = frozenset(entry.removeprefix("=").casefold() for entry in entries if entry.startswith("="))
    return top, frozenset(entry.casefold() for entry in entries if not entry.startswith("="))


_HOUSES_TOP, _HOUSES = _read_houses()
