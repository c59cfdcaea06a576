//! What the channels are made of.
//!
//! | file        | job                                                        | `unsafe` |
//! |-------------|------------------------------------------------------------|----------|
//! | `gate`      | a number that rises, and those who wait until it has       | no       |
//! | `kept`      | a value that is kept while somebody looks at it            | yes      |
//! | `oneshot`   | where a oneshot's two ends meet                            | yes      |

#[cfg(feature = "_gate")]
pub(crate) mod gate;
#[cfg(feature = "watch")]
pub(crate) mod kept;
#[cfg(feature = "oneshot")]
pub(crate) mod oneshot;
