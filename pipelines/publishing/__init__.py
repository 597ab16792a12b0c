"""From the work database to what readers get: generations, exports, the report."""
