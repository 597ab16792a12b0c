"""zonescope: how the warehouse is made. What it promises stands in `warehouse/`, what it reads in `sources/`."""
