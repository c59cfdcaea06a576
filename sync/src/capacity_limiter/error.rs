//! Why a limiter says no.

use core::fmt;

/// The borrower has a place already, or waits for one: see
/// [`CapacityLimiter`](super::CapacityLimiter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyBorrowed;

/// The borrower has nothing to give back: see [`CapacityLimiter`](super::CapacityLimiter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBorrowed;

/// There is no place to take, or somebody waits for it: see
/// [`CapacityLimiter`](super::CapacityLimiter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WouldBlock;

/// Why [`try_acquire_on_behalf_of`](super::CapacityLimiter::try_acquire_on_behalf_of) got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryBorrowError {
    /// The borrower has a place already, or waits for one.
    AlreadyBorrowed,
    /// There is no place to take, or somebody waits for it.
    WouldBlock,
}

impl fmt::Display for AlreadyBorrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the borrower has or awaits a place already")
    }
}

impl fmt::Display for NotBorrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the borrower has nothing to give back")
    }
}

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no place is free")
    }
}

impl fmt::Display for TryBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyBorrowed => AlreadyBorrowed.fmt(f),
            Self::WouldBlock => WouldBlock.fmt(f),
        }
    }
}

impl core::error::Error for AlreadyBorrowed {}
impl core::error::Error for NotBorrowed {}
impl core::error::Error for WouldBlock {}
impl core::error::Error for TryBorrowError {}
