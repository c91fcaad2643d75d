"""The ledger's daily digest: what a closed day's postings come to, signed, so that nobody changes them unseen afterwards.

A fact belongs to the day that was being closed when it was numbered. The bounds of a day are stored with its digest and never
move: what commits later has a later number, and belongs to the next digest, whatever second it bears.
"""
