"""A practice mail server: two mailboxes, SMTP in, IMAP out; enough of both for a robot, and a ledger for outsiders."""
