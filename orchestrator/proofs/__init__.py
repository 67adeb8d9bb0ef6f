"""What is proven to others: signed files that verify without us (ADR 25)."""
