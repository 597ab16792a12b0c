"""The project's figures beside those of its peers: one module a family of cases, one table of all of them.

Here belong parity cases only. Not here: figures by hand and properties, which stand beside the tests of each metric.
`python -m tests.parity` prints the table. registry.py says how a case is written.
"""
