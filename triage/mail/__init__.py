"""bytes → Message: what was written, by whom, and whether a person wrote it."""
