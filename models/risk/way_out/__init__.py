"""What a warning comes from, what can still be done, and which few acts repair most."""
