"""Users: logins, passwords, keys and tokens."""
