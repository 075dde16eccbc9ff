"""The whole thing on loopback, with nothing to configure: servers of its own, sample mails, the daemon."""
