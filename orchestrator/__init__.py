"""Go-les-robots: robots that check, extract and enter, and the orchestrator that answers for them."""
