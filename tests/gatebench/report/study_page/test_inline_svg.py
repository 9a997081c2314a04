from xml.etree import ElementTree

from gatebench.report.study_page.inline_svg import inline_svg

PICTURE = b"""<?xml version="1.0"?>
<!DOCTYPE svg>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<metadata><a href="http://purl.org"/></metadata>
<!-- text --><clipPath id="c"/><g clip-path="url(#c)"/><use xlink:href="#c" style="fill: #c0ffee"/></svg>"""


def test_ids_and_references_get_the_prefix_and_the_rest_stays() -> None:
    text = inline_svg(PICTURE, "f3", 'a < "b"')
    assert "<!--" not in text
    root = ElementTree.fromstring(text)
    assert root.attrib == {"role": "img", "aria-label": 'a < "b"'}
    clip, group, use = root
    assert (clip.get("id"), group.get("clip-path")) == ("f3-c", "url(#f3-c)")
    assert use.get("{http://www.w3.org/1999/xlink}href") == "#f3-c"
    assert use.get("style") == "fill: #c0ffee"
