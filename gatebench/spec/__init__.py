"""What a cell is: a table of gates and one pointwise update, and the ablations that change it.

Standard library only.
"""
