"""Histories that never happened: real sessions and the real ledger, on a clock and in an application that are made up."""
