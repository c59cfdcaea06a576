//! The guide, a chapter a module. It is there in the documentation alone.
//!
//! | chapter      | what it tells                                                |
//! |--------------|--------------------------------------------------------------|
//! | [`checking`] | how to check a design of your own in every schedule          |

#[cfg(feature = "model")]
#[doc = include_str!("guide/checking.md")]
#[doc = concat!("```text\n", include_str!("guide/checking/pool.txt"), "```\n")]
#[doc = include_str!("guide/checking/after_table.md")]
#[doc = "\n"]
#[doc = include_str!("guide/checking/pool.svg")]
#[doc = "\n"]
#[doc = include_str!("guide/checking/rest.md")]
pub mod checking {}
