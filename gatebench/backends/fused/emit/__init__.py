"""The code generator: from a cell's derived programs to C. The C around it is in `../c`."""
