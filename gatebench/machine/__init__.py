"""Facts about the machine: versions, the allocator, peak memory, other processes."""
