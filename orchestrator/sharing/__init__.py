"""Robots that caisses share: signed archives, what differs, and what stays local (ADR 19)."""
