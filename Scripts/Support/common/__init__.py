"""What the programs in Scripts share: places, processes, the programs under test."""
