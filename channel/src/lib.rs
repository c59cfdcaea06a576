//! Async channels for any executor, checked with loom.
#![no_std]
