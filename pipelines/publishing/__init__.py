"""Publishing: the work database becomes generations, exports and the report, which readers get."""
