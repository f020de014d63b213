"""The rows of Scripts/check-serve."""
