"""From the command line to a checked config and its trials.

arguments      the overrides and options after a verb
overrides      one override in Hydra's grammar, and the values that it sweeps
compose        the config that Hydra composes, and the trials of its grid
group_files    the sections of the config for other choices of its config groups
grid           the settings at each point of the grid that the overrides span
interpolations the keys that the interpolations of a config refer to
settings       the schema of the config: all keys and types
config_errors  Hydra's errors as messages
user_files     the check of the user's own config files
speed_config   the config of `gatebench speed`
"""
