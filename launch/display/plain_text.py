"""Plain equivalents of the characters that the encoding of an output lacks, such as "..." for "…" in ASCII."""

import codecs
import sys
import unicodedata
from io import TextIOWrapper

HANDLER = "gatebench.plain"
"""The name of the handler of encoding errors."""

EQUIVALENTS = {
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "─": "-",
    "‖": "||",
    "’": "'",
    "·": "*",
    "⊙": "*",
    "⊗": "*",
    "×": "x",
    "±": "+-",
    "√": "sqrt ",
    "∂": "d",
    "∞": "inf",
    "Σ": "sum ",
    "≤": "<=",
    "⌊": "floor(",
    "⌋": ")",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "↑": "^",
    "↓": "v",
    "ᵀ": "^T",
    "✓": "+",
    "✗": "x",
    "◼": "#",
    **{bar: str(level) for level, bar in enumerate("▁▂▃▄▅▆▇█")},
}
"""{character: its plain equivalent} of the characters that Unicode does not decompose into plain ones."""


def plain(text: str) -> str:
    """Return a text in ASCII.

    Examples:
        >>> plain("0.95 ± 0.01, ∂L/∂x₁ = 10⁻³ · x²…")
        '0.95 +- 0.01, dL/dx1 = 10^-^3 * x^2...'
        >>> plain("Šíma ☃")
        'Sima ?'
    """
    return "".join(character if character.isascii() else _plain_character(character) for character in text)


def use_plain_text() -> None:
    """Let the standard output and the standard error replace characters that their encoding lacks."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _plain_character(character: str) -> str:
    if character in EQUIVALENTS:
        return EQUIVALENTS[character]
    decomposition = unicodedata.decomposition(character)
    if decomposition.startswith("<super>"):
        return "^" + plain(unicodedata.normalize("NFKD", character))
    parts = unicodedata.normalize("NFKD", character)
    if parts == character:
        return _greek_name(character) or "?"
    return "".join(plain(part) for part in parts if not unicodedata.combining(part))


def _greek_name(character: str) -> str:
    """Return the name of a Greek letter: "eta" for η, "Gamma" for Γ; "" for other characters."""
    words = unicodedata.name(character, "").split()
    if words[:1] != ["GREEK"] or words[2:3] != ["LETTER"]:
        return ""
    return words[-1].capitalize() if words[1] == "CAPITAL" else words[-1].lower()


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Return the plain equivalent of the characters that cannot be encoded, and the position after them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end
