"""The audit log: what happened, who did it, under which version; moved out of the database into growing files."""
