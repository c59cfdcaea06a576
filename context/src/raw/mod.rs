//! What the primitives of this crate share. Not public API.
//!
//! | file    | job                                           | `unsafe` |
//! |---------|-----------------------------------------------|----------|
//! | `catch` | panics of other people's code, as values      | no       |

#[cfg(feature = "std")]
pub mod catch;
