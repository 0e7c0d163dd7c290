"""Calling the user's functions, in processes of their own or in this one."""
