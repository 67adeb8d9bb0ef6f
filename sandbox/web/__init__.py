"""The three applications as server-rendered web pages."""
