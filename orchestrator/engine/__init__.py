"""What happens to a case: loaded, claimed, worked, entered, settled; and what happens when a robot dies."""
