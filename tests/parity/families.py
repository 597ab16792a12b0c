"""Imports every module of cases, so that all of them are registered: CASES is complete after this import."""

import importlib
import pkgutil

import tests.parity

OWN = {"registry", "families", "__main__", "test_parity"}

for found in pkgutil.iter_modules(tests.parity.__path__):
    if found.name not in OWN:
        importlib.import_module(f"tests.parity.{found.name}")
