"""What a person types names arXiv papers, or the part that does not is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadPaperId
from bot.pull.identify import PaperRef, parse_refs


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2602.14080", "2602.14080"),
        ("2602.14080v2", "2602.14080v2"),
        ("２６０２．１４０８０", "2602.14080"),
        ("arXiv：2602.14080。", "2602.14080"),
        ("（2602.14080）？", "2602.14080"),
        ("2602.14080?", "2602.14080"),
        ("2602.14080!", "2602.14080"),
        ("2602.14080:", "2602.14080"),
        ("2602.14080V2", "2602.14080v2"),
        ("0704.0001", "0704.0001"),
        ("1412.9999v12", "1412.9999v12"),
        ("1501.00001", "1501.00001"),
        ("arXiv:2602.14080", "2602.14080"),
        ("arxiv: 2602.14080v1", "2602.14080v1"),
        ("arXiv:2602.14080v2 [cs.LG]", "2602.14080v2"),
        ("arXiv:hep-th/9901001v1 [hep-th]", "hep-th/9901001v1"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("HEP-TH/9901001", "hep-th/9901001"),
        ("math.GT/0309136", "math/0309136"),
        ("math/0309136v3", "math/0309136v3"),
        ("cond-mat.stat-mech/0501001", "cond-mat/0501001"),
        ("q-alg/9712042", "q-alg/9712042"),
        ("https://arxiv.org/abs/2602.14080", "2602.14080"),
        ("http://arxiv.org/abs/2602.14080v3", "2602.14080v3"),
        ("https://www.arxiv.org/pdf/2602.14080v1.pdf", "2602.14080v1"),
        ("https://arxiv.org/pdf/2602.14080", "2602.14080"),
        ("https://arxiv.org/html/2602.14080v1#S3.SS2.p4", "2602.14080v1"),
        ("https://export.arxiv.org/abs/hep-th/9901001v1", "hep-th/9901001v1"),
        ("arxiv.org/abs/math.GT/0309136", "math/0309136"),
        ("https://arxiv.org/abs/2602.14080?context=cs", "2602.14080"),
        ("https://arxiv.org/abs/2602.14080/", "2602.14080"),
        ("https://www.alphaxiv.org/abs/2602.14080v1", "2602.14080v1"),
        ("https://alphaxiv.org/overview/2602.14080", "2602.14080"),
        ("https://ar5iv.labs.arxiv.org/html/2602.14080", "2602.14080"),
        ("https://huggingface.co/papers/2602.14080", "2602.14080"),
        ("https://hf.co/papers/2602.14080?utm=x", "2602.14080"),
        ("10.48550/arXiv.2602.14080", "2602.14080"),
        ("https://doi.org/10.48550/arXiv.2602.14080", "2602.14080"),
        ("<https://arxiv.org/abs/2602.14080>.", "2602.14080"),
        ("(2602.14080)", "2602.14080"),
        ("«2602.14080»".strip("«»"), "2602.14080"),
    ],
)
def test_ids_and_addresses_are_understood(text: str, written: str) -> None:
    """Every usual way to write a paper names it, with the version where one is given."""
    (ref,) = parse_refs(text)
    assert str(ref) == written


def test_several_at_once_in_order_each_once() -> None:
    """Blanks, commas (Latin or Chinese) and lines separate papers; the same one twice is one."""
    text = "2602.14080, https://arxiv.org/abs/2602.14979v1\n2602.15922；hep-th/9901001， 2602.14080 2602.14080v1"
    assert parse_refs(text) == [
        PaperRef("2602.14080"),
        PaperRef("2602.14979", 1),
        PaperRef("2602.15922"),
        PaperRef("hep-th/9901001"),
        PaperRef("2602.14080", 1),
    ]


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("", ""),
        ("  \n ", ""),
        ("[cs.LG]", "[cs.LG]"),
        ("hello", "hello"),
        ("2602.14080 and 2602.14979", "and"),
        ("2602.1408", "2602.1408"),
        ("2602.140800", "2602.140800"),
        ("2613.14080", "2613.14080"),
        ("2600.14080", "2600.14080"),
        ("0703.0001", "0703.0001"),
        ("1412.00001", "1412.00001"),
        ("1501.0001", "1501.0001"),
        ("2602.00000", "2602.00000"),
        ("2602.14080v0", "2602.14080v0"),
        ("2602.14080v", "2602.14080v"),
        ("hep-xx/9901001", "hep-xx/9901001"),
        ("hep-th/9913001", "hep-th/9913001"),
        ("https://example.org/abs/2602.14080", "https://example.org/abs/2602.14080"),
        ("https://arxiv.org/list/cs.LG/new", "https://arxiv.org/list/cs.LG/new"),
        ("https://notarxiv.org/abs/2602.14080", "https://notarxiv.org/abs/2602.14080"),
        ("https://arxiv.org.evil.example/abs/2602.14080", "https://arxiv.org.evil.example/abs/2602.14080"),
    ],
)
def test_anything_else_is_named_as_bad(text: str, bad: str) -> None:
    """The error carries exactly the part that names no paper."""
    with pytest.raises(BadPaperId) as caught:
        parse_refs(text)
    assert caught.value.text == bad


@given(st.text(max_size=200))
def test_any_text_gives_refs_or_a_bad_id(text: str) -> None:
    """No text whatever gives anything but papers or BadPaperId."""
    try:
        refs = parse_refs(text)
    except BadPaperId:
        return
    assert refs
    assert all(parse_refs(str(ref)) == [ref] for ref in refs)
