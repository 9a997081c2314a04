"""The description of a cell: a table of gates, a pointwise update, and the operations of an ablation.

This package imports only the standard library.
"""
