"""The report of a study as one HTML page that loads nothing from elsewhere.

page          the page and its order
completeness  which trials are there, and which are missing
failures      the trials without a score, with their reasons
settings      the settings that differ between trials, and those that all share
provenance    versions, machines and checksums of the data
inline_svg    pictures inside of a page
"""
