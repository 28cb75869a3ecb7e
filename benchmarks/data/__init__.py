"""The table that ships; README.md beside it says where it comes from."""
