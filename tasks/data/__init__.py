"""Data files: descriptions of data sets, downloads, checksums, archives, and a cache of computed arrays."""
