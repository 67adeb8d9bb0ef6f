"""Practice legacy applications: BDO, ARPEGE and COMPTA as plausible models, their people, deliveries and oracle."""
