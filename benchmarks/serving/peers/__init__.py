"""What our server is compared with. Each file is a program, started in a process of its own."""
