"""The settings in YAML: a folder is a config group, a file a module, a key a parameter."""
