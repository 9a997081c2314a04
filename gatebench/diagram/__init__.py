"""Diagrams of cells: from the equations to a graph, to a layout, to SVG; or from the graph to the language of Graphviz.

`diagram.diagram` returns the nodes and edges of a cell, `svg.svg` a picture, and `graphviz.dot` a text for Graphviz.
"""
