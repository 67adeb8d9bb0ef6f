"""The independent checker: reads ledgers, database and audit files as an outsider, and says which promise was broken.

It imports nothing of the project: its SQL, its reading of files and its rules are its own, so that a fault of the engine
cannot hide itself here.
"""
