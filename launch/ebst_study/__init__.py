"""What EBST gains over as many plain updates of the generator, on rendered faces."""
