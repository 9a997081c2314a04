"""SVG pictures inside of an HTML page.

The ids of several pictures on one page must differ, because a picture refers to its own clip paths and glyphs by id.
"""

import re
from html import escape

_ID = re.compile(r'(\bid=")([^"]+)(")')
_REFERENCE = re.compile(r'((?:\bxlink:href|\bhref)="#|url\(#)([^")]+)')
_INVISIBLE = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


def inline_svg(picture: bytes, prefix: str, title: str) -> str:
    """Return a picture as an element of HTML, with a name for readers that do not see it.

    Args:
        picture: an SVG file that this program has drawn.
        prefix: the beginning of all ids, which no other picture on the page has.
        title: the name of the picture, as plain text.
    """
    text = picture.decode()
    text = _INVISIBLE.sub("", text[text.index("<svg") :])
    text = _ID.sub(rf"\g<1>{prefix}-\g<2>\g<3>", text)
    text = _REFERENCE.sub(rf"\g<1>{prefix}-\g<2>", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1).strip()
