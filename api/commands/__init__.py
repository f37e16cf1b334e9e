"""The operator's commands: ``flask --app api …``."""
