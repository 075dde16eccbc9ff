"""Decision → mail out: letters written from files, handed to the relay once."""
