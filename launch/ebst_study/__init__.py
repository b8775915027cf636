"""Does EBST pay? It against as many plain updates of the generator, on rendered faces."""
