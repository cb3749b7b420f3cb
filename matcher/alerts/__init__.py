"""What is written when a rule matches."""
