"""The report: what became of disputes over a span of days, computed from facts and printed in several forms."""
