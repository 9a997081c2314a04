"""Published results: the numbers of papers that stand beside ours in a table. This package imports no framework.

publication     a publication and its results as plain data
content         a publication from the content of a YAML file or of a study's declaration, checked
files           the publications in the folders `published`
fitting         the results of publications on the tasks of a study
"""

from gatebench.published.publication import Publication, PublishedEntry, PublishedResult

__all__ = ["Publication", "PublishedEntry", "PublishedResult"]
