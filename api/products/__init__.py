"""A run's rows as downloads."""
