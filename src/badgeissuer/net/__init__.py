"""The internet, limited and guarded."""
