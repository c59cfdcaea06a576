//! What the channels are made of. Each has its `unsafe` in the file of its name.

#[cfg(feature = "oneshot")]
pub(crate) mod oneshot;
