"""The machine: C compiler, facts for the records, memory allocator, peak memory, processor time of other processes."""
