"""Files: the home folder, atomic writes, checked reads, secrets."""
