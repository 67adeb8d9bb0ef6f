"""Bundles: one file with all that a server without a route to the outside needs to run a version."""
