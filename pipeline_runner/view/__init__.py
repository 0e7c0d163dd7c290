"""What people see in a terminal. The only home of rich."""
