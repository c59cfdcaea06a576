//! Async drop guards, cancellation and decorators for any executor, checked with loom.
#![no_std]
