"""Understanding → Decision: which case a mail opens or joins, and what shall happen next."""
