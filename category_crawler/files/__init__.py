"""Where files lie, and how they are written and read whole: home folder, atomic writes, secrets."""
