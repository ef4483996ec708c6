// Header to be written with the module: owns, reads, emits, never does.
