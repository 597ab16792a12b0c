"""Readers: bytes of a publisher's file in, frames of printed text with places out.

Belongs here: how a layout is recognised and read. Does not belong here: numbers, units and areas (all are core's), the
database, declarations.
"""
