"""Getting and keeping files: data sets, fetching, checksums, archives, and a cache of arrays."""
