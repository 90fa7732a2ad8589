"""Formulas become one line of Unicode, from MathML and from LaTeX, and nothing makes that fail."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.card.formulas import formula_line, latex_line, mathml_line, readable


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (
            r"\text{Fact}_i=\begin{cases}1&\text{if }p_i>\tau\\0&\text{otherwise}\end{cases}",
            "Factᵢ = {1, if pᵢ > τ; 0, otherwise",
        ),
        (r"\frac{a+b}{2c}", "(a + b)/(2c)"),
        (r"\frac{1}{2\eta a}\log d", "(1/(2ηa)) log d"),
        (r"\frac{dR}{dt}=\eta a R^{s-1}", "dR/dt = ηaRˢ⁻¹"),
        (r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V", "softmax(QKᵀ/√(dₖ))V"),
        (r"\hat{x}_t^{\top}+\bar{y}", "x̂ₜᵀ + ȳ"),
        (r"\sum_{i=1}^{n} x_i^2", "∑ᵢ₌₁ⁿxᵢ²"),
        (
            r"\mathcal{L}(\theta)=\mathbb{E}_{x\sim\mathcal{D}}\left[\log p_\theta(x_t\mid x_{<t})\right]",
            "ℒ(θ) = 𝔼_(x~𝒟)[log p_θ(xₜ ∣ x_(< t))]",
        ),
        (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", "(a, b; c, d)"),
        (r"\begin{aligned}a&=b\\&=c\end{aligned}", "a = b = c"),
        (r"\operatorname*{arg\,max}_{\theta} f", "arg max_θ f"),
        (r"\sqrt[3]{x+1}", "³√(x + 1)"),
        (r"\|x\|_2^2\leq 1", "‖x‖₂² ≤ 1"),
        (r"\bigl{(}1-\alpha\bigr{)}", "(1 − α)"),
        (r"2.5\%", "2.5%"),
        (r"e^{-\lambda t}", "e^(−λt)"),
        (r"-x", "−x"),
        (r"\text{a & b}", "a & b"),
        (r"x^{\prime}", "x′"),
        (r"\R^d", "Rᵈ"),
    ],
)
def test_latex_in_one_line(latex: str, line: str) -> None:
    """Fractions, scripts, accents, roots, cases, matrices and text, as a person would write them in a message."""
    assert latex_line(latex) == line


CASES = (
    "<math><msup><mi>r</mi><mo>⋆</mo></msup><mo>=</mo><mrow><mo>{</mo><mtable><mtr><mtd><msub><mi>r</mi><mi>max</mi></msub></mtd>"
    "<mtd><mtext>if </mtext><mi>t</mi><mo>&lt;</mo><mi>τ</mi><mo>,</mo></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mtext>otherwise.</mtext></mtd>"
    "</mtr></mtable></mrow></math>"
)


@pytest.mark.parametrize(
    ("mathml", "line"),
    [
        (CASES, "r⋆ = {rₘₐₓ, if t < τ; 0, otherwise."),
        (
            "<math><munderover><mo>∑</mo><mrow><mi>k</mi><mo>=</mo><mn>1</mn></mrow><mi>T</mi></munderover><mi>x</mi></math>",
            "∑ₖ₌₁ᵀx",
        ),
        ("<math><munder><mi>min</mi><mi>r</mi></munder><mi>f</mi></math>", "minᵣ f"),
        ("<math><mn>2</mn><mo>⁢</mo><mi>exp</mi><mo>⁡</mo><mo>(</mo><mi>x</mi><mo>)</mo></math>", "2 exp(x)"),
        ("<math><mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts></math>", "₆¹⁴C"),
        ("<math><mi>a</mi></math><math><mo>=</mo><mi>b</mi></math>", "a = b"),
        ("<math><semantics><mi>x</mi><annotation>x</annotation></semantics></math>", "x"),
        ("<math><mi>x</mi>&nbsp;&amp;</math>", "x"),
        ("<math><mfenced open='[' close=']'><mi>a</mi><mi>b</mi></mfenced></math>", "[a, b]"),
        ("<math><mi>x", ""),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><math>&a;</math>", ""),
        ("", ""),
    ],
)
def test_mathml_in_one_line(mathml: str, line: str) -> None:
    """The MathML of arXiv's pages says the same; what is not well-formed says nothing."""
    assert mathml_line(mathml) == line


def test_without_readable_mathml_the_latex_speaks() -> None:
    """A formula's LaTeX stands in for MathML that is missing or broken."""
    assert formula_line(r"\alpha", "") == "α"
    assert formula_line(r"\alpha", "<math><mi>") == "α"
    assert formula_line(r"\alpha", "<math><mi>β</mi></math>") == "β"


@pytest.mark.parametrize("latex", [r"\left(", r"\begin{cases}", "{", "}", "\\", "x" * 5000])
def test_what_cannot_be_read_stays_latex(latex: str) -> None:
    """Truncated and endless LaTeX comes back as it is."""
    assert latex_line(latex) in (latex, latex.strip("$"), latex.replace("\\", ""))


@given(st.text(alphabet=st.sampled_from(r"\{}[]()^_&$%frac sumleftrightbegincases=+-αx1 "), max_size=60))
@example(r"\begin{aligned}&&\\&\end{aligned}")
@example("_" * 200)
@example("{" * 300)
def test_no_latex_makes_it_raise(latex: str) -> None:
    """Whatever the LaTeX, there is a line."""
    assert isinstance(latex_line(latex), str)
    assert isinstance(readable(f"a ${latex}$ b"), str)


@given(st.text(max_size=200))
@example("<mrow>" * 3000 + "</mrow>" * 3000)
def test_no_mathml_makes_it_raise(mathml: str) -> None:
    """Nor does anything that should have been MathML."""
    assert isinstance(mathml_line(f"<math>{mathml}</math>"), str)


def test_running_text_becomes_readable() -> None:
    """Formulas in a sentence become Unicode; prices stay prices."""
    assert readable(r"It answers in $\mathcal{O}(\log n)$ for $5 or $7.") == "It answers in 𝒪(log n) for $5 or $7."
