"""What we know: every table, every query and every transaction."""
