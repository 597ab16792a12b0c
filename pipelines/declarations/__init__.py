"""What sources/ and warehouse/ declare, typed."""
