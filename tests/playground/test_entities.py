from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.entities import Entity, FormattedText, checked, checked_link, parse_html, utf16_length, utf16_slice
from bot.playground.errors import ApiError


def read(source: str) -> FormattedText:
    """HTML as it will stand in a message."""
    parsed = parse_html(source)
    return checked(parsed.text, parsed.entities)


def marked(source: str) -> list[tuple[str, str, str]]:
    """(type, text it covers, argument) of every entity."""
    body = read(source)
    return [(e.type, utf16_slice(body.text, e.offset, e.length), e.argument) for e in body.entities]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<b>bold</b> <strong>too</strong>", [("bold", "bold", ""), ("bold", "too", "")]),
        ("<i>a</i><em>b</em>", [("italic", "ab", "")]),
        ("<u>a</u> <ins>b</ins>", [("underline", "a", ""), ("underline", "b", "")]),
        ("<s>a</s> <del>b</del>", [("strikethrough", "a", ""), ("strikethrough", "b", "")]),
        ('<tg-spoiler>a</tg-spoiler> <span class="tg-spoiler">b</span>', [("spoiler", "a", ""), ("spoiler", "b", "")]),
        ("🔥🔥 <b>after emoji</b>", [("bold", "after emoji", "")]),
        ('<a href="https://arxiv.org/abs/2602.14080">paper</a>', [("text_link", "paper", "https://arxiv.org/abs/2602.14080")]),
        ('<a href="http://example.org">x</a>', [("text_link", "x", "http://example.org/")]),
        ("<a href='tg://user?id=12'>Ada</a>", [("text_mention", "Ada", "12")]),
        ('<a href="not a link">x</a>', []),
        ("<code>a &lt; b</code>", [("code", "a < b", "")]),
        ('<pre><code class="language-python">x = 1</code></pre>', [("pre", "x = 1", "python")]),
        ("<pre>x</pre>", [("pre", "x", "")]),
        ("<blockquote>q</blockquote>", [("blockquote", "q", "")]),
        ("<blockquote expandable>q</blockquote>", [("expandable_blockquote", "q", "")]),
        ('<blockquote expandable="1">q</blockquote>', [("expandable_blockquote", "q", "")]),
        ("<B>x</B>", [("bold", "x", "")]),
        ("<b>x<i>y</i></b>", [("bold", "xy", ""), ("italic", "y", "")]),
        ("<b>x<code>y</code>z</b>", [("bold", "x", ""), ("code", "y", ""), ("bold", "z", "")]),
        ("<b></b>x", []),
        ("<b> </b>x", []),
        ("  <b>x</b>  ", [("bold", "x", "")]),
        ("&lt;b&gt; &amp;amp; &quot;", []),
        ("a &nbsp; b", []),
    ],
)  # fmt: skip
def test_html_becomes_the_entities_that_telegram_makes_of_it(source: str, expected: list[tuple[str, str, str]]) -> None:
    """Every supported tag gives its entity, at UTF-16 offsets, with nesting as the server allows it."""
    assert marked(source) == expected


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; &amp;amp; &quot;", '<b> &amp; "'),
        ("a &nbsp; b &apos;", "a &nbsp; b &apos;"),
        ("&#8364; &#x20AC;", "€ €"),
        ("&#55357;&#56613;", "🔥"),
        ("a\tb\rc", "a bc"),
        ("a\u202eb", "ab"),
        ("\n\n x \n", "x"),
        ("AT&T &", "AT&T &"),
    ],
)
def test_text_is_cleaned_and_references_are_decoded(source: str, text: str) -> None:
    """Only &lt; &gt; &amp; &quot; and numbers are references; controls vanish; the ends are trimmed."""
    assert read(source).text == text


@pytest.mark.parametrize(
    ("source", "description"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("é<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("p < 0.05", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("x <3", "Unclosed start tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ('<a ="x">', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ('<span class="red">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        (
            "x&#55357;",
            "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
        ),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source: str, description: str) -> None:
    """The refusal names what is wrong and the byte where it is, as the server does."""
    with pytest.raises(ApiError) as refused:
        read(source)
    assert (refused.value.code, refused.value.description) == (
        400,
        f"Bad Request: can't parse entities: {description}",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start now", [("bot_command", "/start")]),
        ("🙂 /help@some_bot!", [("bot_command", "/help@some_bot")]),
        ("a/b and 1/2", []),
        ("see https://arxiv.org/abs/2602.14080.", [("url", "https://arxiv.org/abs/2602.14080")]),
        ("see arxiv.org/abs/2602.14080, and", [("url", "arxiv.org/abs/2602.14080")]),
        ("ask @ada_reads or ada@example.org", [("mention", "@ada_reads"), ("email", "ada@example.org")]),
        ("#nlp #2026 #2026ai", [("hashtag", "#nlp"), ("hashtag", "#2026ai")]),
        ("nothing here, v1.2 or e.g. this", []),
    ],
)
def test_commands_links_and_mentions_are_found_in_plain_text(text: str, expected: list[tuple[str, str]]) -> None:
    """What clients highlight on their own gets an entity with the right UTF-16 offset."""
    body = checked(text)
    assert [(e.type, utf16_slice(body.text, e.offset, e.length)) for e in body.entities] == expected


def test_nothing_is_found_inside_links_and_code() -> None:
    """A link or code keeps its text for itself."""
    assert marked('<code>/start arxiv.org</code> <a href="https://e.org/">arxiv.org</a>') == [
        ("code", "/start arxiv.org", ""),
        ("text_link", "arxiv.org", "https://e.org/"),
    ]


def test_quotations_do_not_nest_and_links_do_not_hold_links() -> None:
    """The inner one of two that cannot stand together is dropped."""
    kinds = [kind for kind, _, _ in marked("<blockquote>a<blockquote>b</blockquote></blockquote>")]
    assert kinds == ["blockquote"]
    nested = '<a href="https://e.org/a">a<a href="https://e.org/b">b</a></a>'
    assert marked(nested) == [("text_link", "ab", "https://e.org/a")]


@pytest.mark.parametrize("text", [" ", "\n\n", "\u200b\u200d", "\u202a"])
def test_invisible_text_is_empty(text: str) -> None:
    """Text without anything visible is refused as empty."""
    with pytest.raises(ApiError, match="text must be non-empty"):
        checked(text)


def test_lone_surrogates_are_refused() -> None:
    """Text that is not Unicode never gets into a message."""
    with pytest.raises(ApiError, match="strings must be encoded in UTF-8"):
        checked("a\ud83d")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("arxiv.org", "http://arxiv.org/"),
        ("HTTPS://ArXiv.org/ABS", "https://arxiv.org/ABS"),
        ("http://localhost:8080/x", "http://localhost:8080/x"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("javascript:alert(1)", ""),
        ("ftp://e.org/", ""),
        ("nodots", ""),
        ("https://", ""),
        ("http://[bad", ""),
    ],
)
def test_links_are_kept_as_the_server_keeps_them(address: str, kept: str) -> None:
    """Hosts are lowered and get a path; what is no link is dropped."""
    assert checked_link(address) == kept


VISIBLE = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda text: bool(text.strip(" \n\u200b\u200c\u200d\u2060\ufeff")) and not set(text) & set("\u2028\u2029")
)


@given(VISIBLE)
def test_escaped_text_always_arrives_as_it_is(text: str) -> None:
    """Whatever was escaped is shown again, apart from trimming and embedding controls."""
    controls = dict.fromkeys(range(0x2028, 0x202F))
    expected = text.translate(controls).strip(" \n")
    if expected.strip("\u200b\u200c\u200d\u2060\ufeff "):
        assert read(html.escape(text, quote=False)).text == expected


@given(st.text(st.sampled_from(list('<>/b="&a hrefi;x🔥é#\n')), max_size=60))
def test_no_text_confuses_the_parser(source: str) -> None:
    """Any input either parses or is refused; entities always lie within the text, in order."""
    try:
        body = read(source)
    except ApiError:
        return
    length = utf16_length(body.text)
    assert all(e.offset >= 0 and e.length > 0 and e.end <= length for e in body.entities)
    assert [e.offset for e in body.entities] == sorted(e.offset for e in body.entities)


@pytest.mark.parametrize(("offset", "length", "what"), [(-1, 3, "offset -1"), (0, 1_000_001, "length 1000001")])
def test_impossible_places_are_refused(offset: int, length: int, what: str) -> None:
    """An entity must lie where a text can be."""
    with pytest.raises(ApiError, match=f"receive an entity with incorrect {what}"):
        checked("abc", [Entity("bold", offset, length)])


def test_an_entity_ends_with_its_text() -> None:
    """One that reaches beyond the end is cut, one that begins there is dropped."""
    body = checked("abc\u202e", [Entity("bold", 1, 50), Entity("italic", 3, 1), Entity("underline", 30, 2)])
    assert body == FormattedText("abc", (Entity("bold", 1, 2),))


def test_listed_entities_are_trimmed_with_the_text() -> None:
    """Entities given by offset follow the text when its front is trimmed."""
    body = checked("  ab cd  ", [Entity("bold", 5, 4)])
    assert body == FormattedText("ab cd", (Entity("bold", 3, 2),))
