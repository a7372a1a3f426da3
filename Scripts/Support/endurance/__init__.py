"""The parts of Scripts/endurance."""
