"""Backups of the house: one sealed archive, and back; a restored house enters nothing until people have looked (ENTER)."""
