//! The guide, a chapter a module. It is there in the documentation alone.
//!
//! | chapter | what it tells |
//! |---|---|
#![cfg_attr(
    all(
        feature = "executor",
        feature = "sync",
        feature = "channel",
        feature = "timer",
        feature = "context",
    ),
    doc = "\
| [`choosing`] | which primitive for what, in a table |
| [`cancel_safety`] | what a dropped future loses, and who gets it |
| [`guards`] | turns, cleanups that await, and lives |
| [`decorators`] | timeouts, retries, limits and breakers around functions |
| [`executors`] | tasks and time on any of them |
| [`features`] | what to switch on |
| [`performance`] | what costs what, and what to do |"
)]
#![cfg_attr(
    feature = "model",
    doc = "| [`checking`] | how to check a design of your own in every schedule |"
)]

/// A chapter of prose; its examples need every primitive.
macro_rules! chapters {
    ($($name:ident $file:literal)*) => {$(
        #[cfg(all(
            feature = "executor",
            feature = "sync",
            feature = "channel",
            feature = "timer",
            feature = "context",
        ))]
        #[doc = include_str!($file)]
        pub mod $name {}
    )*};
}

chapters! {
    choosing "guide/choosing.md"
    cancel_safety "guide/cancel_safety.md"
    guards "guide/guards.md"
    decorators "guide/decorators.md"
    executors "guide/executors.md"
    features "guide/features.md"
    performance "guide/performance.md"
}

#[cfg(feature = "model")]
#[doc = include_str!("guide/checking.md")]
#[doc = concat!("```text\n", include_str!("guide/checking/pool.txt"), "```\n")]
#[doc = include_str!("guide/checking/after_table.md")]
#[doc = "\n"]
#[doc = include_str!("guide/checking/pool.svg")]
#[doc = "\n"]
#[doc = include_str!("guide/checking/rest.md")]
pub mod checking {}
