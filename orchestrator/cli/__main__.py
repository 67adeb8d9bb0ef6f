"""``python -m orchestrator.cli``: how the house starts its own processes."""

from orchestrator.cli import main

main()
