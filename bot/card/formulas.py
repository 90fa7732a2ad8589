"""Formulas as one line of Unicode: "r⋆(t) = {rₘₐₓ, if t − tₖ < τ; 0, otherwise". Nothing here ever raises.

One linearizer serves both the MathML of arXiv's pages and LaTeX, which latex2mathml turns into MathML first.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from functools import lru_cache

LONGEST = 4000  # characters of LaTeX; whatever is longer stays LaTeX
_DEEPEST = 80

_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()niabcdefghjklmoprstuvwxyzABDEGHIJKLMNOPRTUVW⊤∗*⋆†‡′″ ,",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵀ**⋆†‡′″ ʼ",
        strict=True,
    )
)
del _SUPERSCRIPTS[","]
_SUBSCRIPTS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ ", strict=True)
)
_ACCENTS = {
    "^": "\u0302",
    "ˆ": "\u0302",
    "\u0302": "\u0302",
    "~": "\u0303",
    "˜": "\u0303",
    "∼": "\u0303",
    "¯": "\u0304",
    "‾": "\u0304",
    "―": "\u0304",
    "\u0304": "\u0304",
    "→": "\u20d7",
    "⃗": "\u20d7",
    "˙": "\u0307",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "˘": "\u0306",
    "_": "\u0332",
    "´": "\u0301",
    "`": "\u0300",
}
_BRACES = frozenset("⏞⏟︷︸⎴⎵")
_RELATIONS = frozenset("=<>≤≥≦≧⩽⩾≈≃≅≡∼∽≍∈∉∋⊂⊆⊃⊇→←↔⇒⇐⇔↦⟶⟵⟹⟺∝≠≪≫∣∥⊥⊢⊨≺≻⪯⪰≔≕≜≐+−±∓×·⋅∘∪∩∧∨⊕⊗⊙⊖⋆∗:∖∀∃")
_NEVER_SHOWN = frozenset("\u2061\u2062\u2063\u2064\u200b\u2060\ufeff")
# Marks that stand around names and fractions until it is known what is beside them.
_BEFORE_NAME, _AFTER_NAME, _FRACTION, _END_FRACTION = "\ue010", "\ue011", "\ue012", "\ue013"
_NO_MARKS = str.maketrans("", "", _BEFORE_NAME + _AFTER_NAME + _FRACTION + _END_FRACTION)
_SCRIPTS = "".join({*_SUPERSCRIPTS.values(), *_SUBSCRIPTS.values()} - {" "})
_ATOM = re.compile(
    rf"\d+(?:\.\d+)?|d?[^\W\d_][{_SCRIPTS}′″\u0300-\u036f\u20d7]*|[A-Za-z]{{3,}}|\|[^|]*\||‖[^‖]*‖[{_SCRIPTS}]*|√?\([^()]*\)"
)


def mathml_line(mathml: str) -> str:
    """A formula in MathML as one Unicode line; of several formulas in a row, all. "" where there is nothing to read."""
    try:
        root = ET.fromstring(f"<all>{_well_formed(mathml)}</all>")  # noqa: S314 - declarations are refused below
        line = _tidy(" ".join(filter(None, (_line(child, 0) for child in root))))
    except (ET.ParseError, ValueError, RecursionError):
        return ""
    return unicodedata.normalize("NFC", line)


@lru_cache(maxsize=2048)
def latex_line(latex: str) -> str:
    """A formula in LaTeX as one Unicode line; the LaTeX itself where it cannot be read."""
    bare = latex.strip().strip("$").strip()
    if not bare or len(bare) > LONGEST:
        return bare
    try:
        from latex2mathml.converter import convert  # heavy, and not needed for pages that carry MathML

        line = mathml_line(convert(_plain_latex(bare)))
    except Exception:  # noqa: BLE001 - latex2mathml raises whatever comes to its mind; the LaTeX is always readable
        return bare
    return re.sub(r"\\([A-Za-z]+)", r"\1", line) or bare


_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$(?=\S)([^$]{1,2000}?)(?<=\S)\$(?!\d)", re.DOTALL)


def readable(text: str) -> str:
    """Running text with its $LaTeX$ as Unicode."""
    return _FORMULA.sub(lambda m: latex_line(m[1] or m[2]), text)


def formula_line(latex: str, mathml: str) -> str:
    """A formula by its MathML, or by its LaTeX where there is none."""
    return (mathml_line(mathml) if mathml else "") or latex_line(latex)


# --------------------------------------------------------------------------- before reading

_ALIGNED = re.compile(
    r"\\(begin|end)\{(?:aligned|align|alignat|alignedat|split|gather|gathered|eqnarray|multline)\*?\}(?:\{\d+\})?"
)


def _well_formed(mathml: str) -> str:
    if "<!" in mathml:
        raise ValueError("a declaration in MathML")
    mathml = mathml.replace("&nbsp;", "&#160;")
    return re.sub(r"&(?!#?\w+;)", "&amp;", mathml)


def _plain_latex(latex: str) -> str:
    """LaTeX with the habits that latex2mathml stumbles over smoothed out."""
    latex = re.sub(r"%\s*\n", "", latex)
    latex = re.sub(
        r"\\(?:label|tag|ref|eqref)\*?\{[^{}]*\}|\\(?:nonumber|notag|displaystyle|textstyle|limits|nolimits)\b",
        "",
        latex,
    )
    latex = re.sub(r"\\(?:big|Big|bigg|Bigg)[lrm]?\s*\{(\\?.)\}", r"\1", latex)
    latex = re.sub(r"\\(?:big|Big|bigg|Bigg)[lrm]?(?![A-Za-z])", "", latex)
    latex = re.sub(r"\\[dt]frac(?![A-Za-z])", r"\\frac", latex)
    latex = re.sub(r"\\(?:bm|boldsymbol|pmb|mathbbm|mathds|mathscr)(?![A-Za-z])", r"\\mathbf", latex)
    latex = re.sub(r"\\operatorname\*?\s*\{([^{}]*)\}", _operator, latex)
    latex = re.sub(r"\\text(?:rm|bf|it|sf|tt|sc|normal|up)(?![A-Za-z])", r"\\text", latex)
    latex = re.sub(r"\\m(?:box|athrm\s*\{\s*\})|\\hbox", r"\\text", latex)
    latex = _ALIGNED.sub(lambda m: f"\\{m[1]}{{matrix}}", latex)
    return re.sub(r"(?<!\\)\\&", r"\\text{＆}", latex)


def _operator(match: re.Match[str]) -> str:
    name = " ".join(re.sub(r"\\.", " ", match[1]).split())
    return f"\\text{{{name}}}"


# --------------------------------------------------------------------------- reading


_HIDDEN = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup", "malignmark"})
_LEAVES = frozenset({"mi", "mn", "ms", "mtext", "mo", "mspace"})
_SCRIPTING = frozenset({"msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts"})


def _line(node: ET.Element, depth: int) -> str:
    if depth > _DEEPEST:
        return "".join(node.itertext())
    kind = _kind(node)
    parts = [child for child in node if isinstance(child.tag, str)]
    if kind in _HIDDEN:
        line = ""
    elif kind in _LEAVES:
        line = _leaf(kind, node)
    elif kind in _SCRIPTING:
        line = _scripts(kind, parts, depth)
    elif kind in ("mfrac", "msqrt", "mroot"):
        line = _fraction_or_root(kind, node, parts, depth)
    elif kind == "mtable":
        line = _table(parts, depth)
    elif kind == "mfenced":
        line = _fenced(node, parts, depth)
    elif kind == "semantics":
        line = "".join(_line(part, depth + 1) for part in parts[:1])
    else:
        line = "".join(_line(part, depth + 1) for part in parts) if parts else node.text or ""
    return line


def _kind(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _fenced(node: ET.Element, parts: list[ET.Element], depth: int) -> str:
    mark = (node.get("separators") or ",").strip()[:1]
    inner = f"{mark} ".join(_line(part, depth + 1).strip() for part in parts)
    return f"{node.get('open', '(')}{inner}{node.get('close', ')')}"


def _leaf(kind: str, node: ET.Element) -> str:
    text = (node.text or "").replace("\u00a0", " ")
    if kind == "mtext" and not re.fullmatch(r"[A-Za-z]{2,}(?: [A-Za-z]+)?", text):
        return re.sub(r"\s+", " ", text)
    if kind == "mspace":
        width = re.match(r"-?[\d.]+", node.get("width") or "")
        return " " if width is not None and _number(width[0]) > 0.2 else ""
    text = "".join(c for c in text.strip() if c not in _NEVER_SHOWN)
    if kind != "mn" and len(text) > 1 and re.fullmatch(r"[A-Za-z]+(?: [A-Za-z]+)*", text):
        return f"{_BEFORE_NAME}{text}{_AFTER_NAME}"
    if kind != "mo":
        return text
    text = text.replace("-", "−").replace("𝑑", "d")
    if text in (",", ";"):
        return f"{text} "
    return (
        f" {text} " if text in _RELATIONS and node.get("stretchy") != "true" and node.get("fence") != "true" else text
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _fraction_or_root(kind: str, node: ET.Element, parts: list[ET.Element], depth: int) -> str:
    if kind == "msqrt":
        return "√" + _rooted("".join(_line(part, depth + 1) for part in parts))
    if len(parts) < 2:
        return "".join(_line(part, depth + 1) for part in parts)
    first, second = (_line(part, depth + 1) for part in parts[:2])
    if kind == "mroot":
        return _script(_tidy(second), _SUPERSCRIPTS, "") + "√" + _rooted(first)
    if (node.get("linethickness") or "").startswith("0"):
        return f"{first.translate(_NO_MARKS).strip()} ¦ {second.translate(_NO_MARKS).strip()}"  # the bar of a binomial, whose parentheses stand around it
    above = _tidy(first)
    above = above if above and not re.search(r"[\s/]", above) else f"({above})"
    return f"{_FRACTION}{above}/{_grouped(second)}{_END_FRACTION}"


def _scripts(kind: str, parts: list[ET.Element], depth: int) -> str:
    if not parts:
        return ""
    base, *others = (_line(part, depth + 1) for part in parts)
    if kind == "mmultiscripts":
        return _multiscripts(base, parts[1:], depth)
    named = base.endswith(_AFTER_NAME) and base.startswith(_BEFORE_NAME)
    base = _tidy(base)
    under = others[0] if kind in ("msub", "msubsup", "munder", "munderover") and others else ""
    over = others[-1] if kind in ("msup", "msubsup", "mover", "munderover") and others else ""
    under, over = _tidy(under), _tidy(over)
    if kind in ("mover", "munder") and (over or under).strip() in _ACCENTS:
        return _accented(base, _ACCENTS[(over or under).strip()])
    under, over = (("" if text.strip() in _BRACES else text) for text in (under, over))
    line = base + _script(under, _SUBSCRIPTS, "_") + _script(over, _SUPERSCRIPTS, "^")
    if base in _RELATIONS and len(base) == 1:
        return f" {line} "
    return f"{_BEFORE_NAME}{line}{_AFTER_NAME}" if named else line


def _multiscripts(base: str, scripts: list[ET.Element], depth: int) -> str:
    before, after, here = "", "", True
    pair: list[str] = []
    for part in scripts:
        if _kind(part) == "mprescripts":
            here, pair = False, []
            continue
        pair.append(_line(part, depth + 1))
        if len(pair) == 2:
            text = _script(_tidy(pair[0]), _SUBSCRIPTS, "_") + _script(_tidy(pair[1]), _SUPERSCRIPTS, "^")
            before, after = (before, after + text) if here else (before + text, after)
            pair = []
    return before + base.strip() + after


def _accented(base: str, accent: str) -> str:
    plain = base.strip()
    return plain + accent if len(plain) == 1 else f"({plain}){accent}"


def _script(text: str, table: dict[str, str], mark: str) -> str:
    if not text:
        return ""
    close = text.replace(" ", "") if not re.search(r"[^\W\d_]{2,} ", text) else text
    if all(c in table for c in close):
        return "".join(table[c] for c in close)
    return mark + (text if len(text) == 1 else f"({text})")


def _grouped(text: str) -> str:
    text = _tidy(text)
    return text if len(text) <= 1 or _ATOM.fullmatch(text) else f"({text})"


def _rooted(text: str) -> str:
    text = _tidy(text)
    return text if len(text) == 1 or text.isdigit() else f"({text})"


def _table(rows: list[ET.Element], depth: int) -> str:
    lines: list[str] = []
    for row in rows:
        cells = [_tidy(_line(cell, depth + 1)) for cell in row if isinstance(cell.tag, str)]
        line = ""
        for cell in filter(None, cells):
            if not line:
                line = cell
            elif cell[0] in _RELATIONS:
                line += f" {cell}"
            else:
                line = f"{line.rstrip(' ,')}, {cell}"
        if lines and line[:1] in _RELATIONS:  # the row goes on with the one above
            lines[-1] += f" {line[0]} {line[1:].lstrip()}"
        elif line:
            lines.append(line)
    return "; ".join(line.rstrip(" ,;") for line in lines)


def _tidy(line: str) -> str:
    """A line with its marks resolved and its spaces where they belong."""
    line = _fractions(line)
    line = re.sub(rf"(?<=[\w)\]}}|‖{_SCRIPTS}′]){_BEFORE_NAME}", " ", line).replace(_BEFORE_NAME, "")
    line = re.sub(rf"{_AFTER_NAME}(?:\s*(?=[(\[{{])|(?=\s*[^\w\s√∑∏∫‖|(\[{{])|(?=\s*[{_SCRIPTS}])|\s*$)", "", line)
    line = line.replace(_AFTER_NAME, " ")
    line = re.sub(r"\s+", " ", line).strip()
    line = re.sub(r"([(\[{⟨⌊⌈√])\s+", r"\1", line)
    line = re.sub(r"\s+([)\]}⟩⌋⌉,;.])", r"\1", line)
    return re.sub(r"(^|[=(\[{,;<>≤≥≈∼∈→:^_/]\s?)([−+±])\s+", r"\1\2", line)  # a sign, not an operation


def _fractions(line: str) -> str:
    """Parentheses around the fractions that stand beside another factor: μ(1/n)∑, but a = b/c."""
    while (end := line.find(_END_FRACTION)) >= 0:
        begin = line.rfind(_FRACTION, 0, end)
        if begin < 0:
            return line.translate(_NO_MARKS)
        before, inner, after = line[:begin].rstrip(_BEFORE_NAME), line[begin + 1 : end], line[end + 1 :]
        beside = re.search(rf"[\w)\]}}{_SCRIPTS}{_END_FRACTION}{_AFTER_NAME}]$", before) or re.match(
            rf"[\w(\[{{√∑∏∫{_FRACTION}{_BEFORE_NAME}]", after
        )
        line = f"{before}({inner}){after}" if beside else before + inner + after
    return line.replace(_FRACTION, "")
