"""When scenarios start by themselves."""
