"""Rich Markdown as Telegram documents it: GitHub's dialect with formulas, marks, spoilers and any rich HTML in it.

It becomes rich HTML, which `rich_html` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from bot.playground.rich_html import query_of

_BLOCK_FORMULA = re.compile(r"\$\$(?P<latex>.+?)\$\$", re.DOTALL)
_FOOTNOTE = re.compile(r"^\[\^(?P<name>[^\]\s]+)\]:[ \t]*(?P<text>.*)$", re.MULTILINE)
_REFERENCE = re.compile(r"\[\^([^\]\s]+)\]")
_TASK = re.compile(r"<li>(\s*(?:<p>)?)\[([ xX])\] ")
_TEXT = re.compile(r"[^\n!#$%&*+:<=>@\[\]^_`{}~|\\-]+")
_PAIRS = {"==": "mark", "||": "tg-spoiler"}
_MEDIA = {"mp4": "video", "mp3": "audio", "ogg": "audio", "gif": "video", "zip": "tg-document", "pdf": "tg-document"}


def html_of(source: str) -> str:
    """The rich HTML that stands for rich Markdown."""
    notes = {match["name"]: match["text"] for match in _FOOTNOTE.finditer(source)}
    source = _FOOTNOTE.sub("", source) if notes else source
    source = _REFERENCE.sub(lambda match: _cited(match[1]) if match[1] in notes else match[0], source)
    shown = _parser().render(source)
    shown = _TASK.sub(lambda match: f"<li>{match[1]}{_box(match[2])}", shown)
    lines = [
        f'<p><tg-reference name="{escape(name)}">{_parser().renderInline(text)}</tg-reference></p>'
        for name, text in notes.items()
    ]
    return shown + "".join(lines)


def _cited(name: str) -> str:
    return f'<sup><a href="#{escape(name)}">{escape(name)}</a></sup>'


def _box(mark: str) -> str:
    return f'<input type="checkbox"{"" if mark == " " else " checked"}>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.inline.ruler.at("text", _text)
    parser.inline.ruler.before("escape", "formula", _formula)
    for mark, tag in _PAIRS.items():
        parser.inline.ruler.before("emphasis", tag, _pair(mark, tag))
    parser.add_render_rule("image", _image)
    parser.add_render_rule("fence", _fence)
    return parser


def _text(state: StateInline, silent: bool) -> bool:
    """Text up to the next character that may begin something, bars included."""
    run = _TEXT.match(state.src, state.pos)
    if run is None:
        return False
    if not silent:
        state.pending += run[0]
    state.pos = run.end()
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """$…$ inside a line, $$…$$ as a line of its own; what is between is LaTeX and nothing else."""
    block = _BLOCK_FORMULA.match(state.src, state.pos)
    line = re.compile(r"\$(?P<latex>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)").match(state.src, state.pos)
    found = block or line
    if found is None:
        return False
    if not silent:
        tag = "tg-math-block" if block else "tg-math"
        state.push("html_inline", "", 0).content = f"<{tag}>{escape(found['latex'].strip())}</{tag}>"
    state.pos = found.end()
    return True


def _pair(mark: str, tag: str) -> Callable[[StateInline, bool], bool]:
    def rule(state: StateInline, silent: bool) -> bool:
        if not state.src.startswith(mark, state.pos):
            return False
        end = state.src.find(mark, state.pos + len(mark))
        if end <= state.pos + len(mark):
            return False
        if not silent:
            inner = state.src[state.pos + len(mark) : end]
            state.push("html_inline", "", 0).content = f"<{tag}>{state.md.renderInline(inner)}</{tag}>"
        state.pos = end + len(mark)
        return True

    return rule


def _image(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    source, title = str(token.attrGet("src") or ""), str(token.attrGet("title") or "")
    if source.startswith("tg://time"):
        moment, form = query_of(source, "unix"), query_of(source, "format")
        return f'<tg-time unix="{escape(moment)}" format="{escape(form)}">{escape(token.content)}</tg-time>'
    if source.startswith("tg://emoji"):
        return f'<img src="{escape(source)}" alt="{escape(token.content)}"/>'
    own = re.match(r"tg://(photo|video|audio|document)", source)
    tag = (
        {"photo": "img", "document": "tg-document"}.get(own[1], own[1])
        if own
        else _MEDIA.get(source.rpartition(".")[2], "img")
    )
    shown = f'<{tag} src="{escape(source)}"/>'
    return f"<figure>{shown}<figcaption>{escape(title)}</figcaption></figure>" if title else shown


def _fence(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    language = token.info.strip().split(" ")[0]
    if language == "math":
        return f"<tg-math-block>{escape(token.content.strip())}</tg-math-block>"
    kind = f' class="language-{escape(language)}"' if language else ""
    return f"<pre><code{kind}>{escape(token.content)}</code></pre>"
