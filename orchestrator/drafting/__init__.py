"""First drafts of an application that a robot will work in: walked read-only, written for a person to confirm."""
