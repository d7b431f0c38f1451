"""What other programs and people keep issues in, and how that becomes records and back.

Nothing here writes the log: a reader makes `Arrival` values of a file, `arrivals.take` decides what
becomes of each, and the store does the rest.
"""
