"""Pictures and papers of badges: rasterised drawings, certificates, cards and codes.

What is drawn depends on what is handed in and on the fonts that are installed with the service, on nothing else of the machine: the same
words and colours give the same bytes everywhere.
"""
