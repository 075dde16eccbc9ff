"""The site's own records: invoices and payments, and what they say about a claim."""
