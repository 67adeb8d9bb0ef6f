"""Builds the world once. Nothing happens at import time."""
