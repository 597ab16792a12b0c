"""Declarations: the typed content of sources/ and warehouse/."""
