"""Reports for people, made from the same answers that ``--json`` prints."""
