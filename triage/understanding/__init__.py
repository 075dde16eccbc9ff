"""Message → Understanding: language, dispute or not, for which reason, and the findings in it."""
