"""Request and response formats hidden from handlers: one module each, which archives and settings refer to by name."""
