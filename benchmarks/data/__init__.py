"""The tables that ship; README.md beside them says where they come from."""
