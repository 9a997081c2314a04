"""The page with the gates of a network on one example: one HTML file that loads nothing.

| module | what it does |
| --- | --- |
| `page.py` | joins data, script and style into the file |
| `payload.py` | the view of the example and the gates as plain data for the script |
| `page.js` | draws them in the browser |
| `page.css` | the style |
"""
