"""LaTeX commands as the characters they mean, and characters that mean the same as one."""

from __future__ import annotations

import re
import unicodedata

from bot.card import lexicon

_SYMBOLS = {
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "pm": "±", "mp": "∓", "times": "×", "cdot": "·",
    "approx": "≈", "sim": "∼", "simeq": "≃", "equiv": "≡", "propto": "∝", "infty": "∞", "to": "→", "rightarrow": "→",
    "leftarrow": "←", "uparrow": "↑", "downarrow": "↓", "Rightarrow": "⇒", "mapsto": "↦", "in": "∈", "notin": "∉",
    "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "sum": "∑", "prod": "∏", "int": "∫", "partial": "∂",
    "nabla": "∇", "forall": "∀", "exists": "∃", "mid": "|", "ldots": "...", "dots": "...", "cdots": "...", "ell": "l",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "prime": "′", "star": "⋆", "dagger": "†", "langle": "⟨", "rangle": "⟩", "top": "⊤",
}  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\([^A-Za-z])")
_THIN_SPACE = re.compile(r"(?<=\d)(?:\\,|\{,\}|[\u2009\u202f'’])(?=\d{3}(?!\d))")
_DASHES = re.compile("[\u2010-\u2015\u2212\u207b\ufe58\ufe63\uff0d]")
_INVISIBLE = re.compile(
    "[\u0300-\u036f\u20d0-\u20ff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f\ue000-\uf8ff]"
)
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_POWER = re.compile(rf"(?<=\d)[{''.join(_RAISED)}]+")


def unified(text: str) -> str:
    """The text with LaTeX commands as characters, Unicode forms, dashes and thousands as one, and nothing invisible;
    a power of a number keeps its mark ("10⁴" → "10^4", which is not 104)."""
    text = _THIN_SPACE.sub("", text)
    if "\\" in text:
        text = _COMMAND.sub(_command, text)
    if not text.isascii():
        text = _POWER.sub(lambda match: "^" + "".join(_RAISED[c] for c in match[0]), text)
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
        text = _DASHES.sub("-", text)
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def _command(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2] if match[2] in "%$&#_{}|" else " "
    if match[1] in _SYMBOLS:
        return _SYMBOLS[match[1]]
    return "" if match[1] in lexicon.words("latex_styles") else match[1]
