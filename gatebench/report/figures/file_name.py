"""The names of the files of figures."""

import re


def file_name(title: str) -> str:
    """Return a title as a part of the name of a file: no character in it has a meaning in a path.

    Examples:
        >>> file_name("digits[pixels=4, images=4]: scores")
        'digits_pixels=4_images=4_scores'
    """
    return re.sub(r"[^\w.=-]+", "_", title)
