"""Any markup of our dialect with any text in it, for the tests of every layout."""

from __future__ import annotations

import html

from hypothesis import strategies as st

nasty = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.sampled_from(
        ["<b>", "&amp;", "</blockquote>", "\u202e", "\ud800", "\u200b" * 300, "$x$", "]]>", "é" * 9, "😀" * 50, "词" * 70]
    ),
    st.builds(lambda letter, times: letter * times, st.sampled_from(["a", "字", "🧪", "word ", "e\u0301", "a\u200d"]), st.sampled_from([2, 90, 5000, 10_000])),
)  # fmt: skip
escaped = nasty.map(html.escape)
inline = st.recursive(
    escaped,
    lambda inner: st.one_of(
        st.builds("<{0}>{1}</{0}>".format, st.sampled_from("bius"), inner),
        st.builds("<code>{}</code>".format, escaped),
        st.builds('<a href="https://arxiv.org/abs/{}">{}</a>'.format, st.integers(), inner),
        st.builds("<math>{}</math>".format, escaped),
        st.lists(inner, max_size=4).map("".join),
        st.just("<br/>"),
    ),
    max_leaves=6,
)
paragraph = st.builds("<p>{}</p>".format, inline)
cells = st.lists(st.builds("<td>{}</td>".format, inline), min_size=1, max_size=5).map("".join)
block = st.recursive(
    st.one_of(
        paragraph,
        st.builds("<h{0}>{1}</h{0}>".format, st.integers(1, 6), inline),
        st.builds("<pre>{}</pre>".format, escaped),
        st.builds('<math display="block">{}</math>'.format, escaped),
        st.builds("<footer>{}</footer>".format, inline),
        st.just("<hr/>"),
        st.just('<buttons><button data="x">Go</button></buttons>'),
        st.builds("<table>{}</table>".format, st.lists(st.builds("<tr>{}</tr>".format, cells), min_size=1, max_size=5).map("".join)),
    ),
    lambda inner: st.one_of(
        st.builds("<ul>{}</ul>".format, st.lists(st.builds("<li>{}</li>".format, inner), max_size=4).map("".join)),
        st.builds("<ol>{}</ol>".format, st.lists(st.builds("<li>{}</li>".format, inner), max_size=4).map("".join)),
        st.builds("<blockquote>{}<cite>{}</cite></blockquote>".format, inner, escaped),
        st.builds("<details><summary>s</summary>{}</details>".format, inner),
    ),
    max_leaves=8,
)  # fmt: skip
