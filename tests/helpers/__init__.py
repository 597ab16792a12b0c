"""What tests share: worlds, small files in real layouts, starts of runs. Does not belong here: assertions of one test."""
