"""The same building in YAML: a group is a room, a file a module, a key a parameter."""
