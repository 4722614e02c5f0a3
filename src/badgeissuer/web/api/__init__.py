"""The API for institutions: issuers, achievements, sources, rules, awards, events and tokens, behind bearer tokens."""
