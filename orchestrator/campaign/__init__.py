"""The campaign: our own programs under faults, judged by the independent checker (docs/reliability.md).

What hurts a process is put around it from outside, in :mod:`orchestrator.campaign.hurt`: the engine has no switch that could
weaken it in production.
"""
