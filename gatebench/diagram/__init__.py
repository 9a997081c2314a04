"""A cell as a picture: from its equations to a graph, to places on a page, to SVG or Graphviz."""
