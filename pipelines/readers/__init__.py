"""Readers: a reader takes the bytes of a publisher's file and gives frames of printed text with places.

Belongs here: how a layout is recognised and read. Does not belong here: numbers, units and areas (core decides them), the
database, declarations.
"""
