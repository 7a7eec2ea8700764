//! Load, decide, save, perform: the loop that every function runs.
