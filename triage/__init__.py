"""Billing-dispute triage: mail comes in, cases, letters and dates in the diary come out.

A map of the house, in the order in which a mail walks through it:

========================  ==========================================================================
``triage.mail``           bytes → `Message`: parse anything, find the customer's own words, know a machine
``triage.understanding``  `Message` → `Understanding`: language, dispute or not, which reason, findings
``triage.records``        the site's invoices and payments, and what they say about a claim
``triage.cases``          `Understanding` → `Decision`: which case, which letter, which follow-up
``triage.letters``        `Decision` → mail out: compose, hand to the relay, settle what is in doubt
``triage.store``          what we know: every table and every query
``triage.pipeline``       the four walks: collect, read, deliver, look_again
``triage.on_request``     what a person asks for: confirm, open, release
``triage.house``          the wiring: settings → real parts
``triage.cli``            the faces: command line and (``triage.daemon``) the clocks
========================  ==========================================================================

Each room knows only those above it in this list; `house` alone knows them all.
"""

import os

# Small products of matrices on several threads, beside other work on the cores, take fifty times as long as on one. It
# is read when numpy is first imported; torch, where it trains, has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
