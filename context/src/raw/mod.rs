//! What the primitives of this crate share. Not public API.
//!
//! | file       | job                                                         | `unsafe` |
//! |------------|-------------------------------------------------------------|----------|
//! | `catch`    | panics of other people's code, as values                    | no       |
//! | `children` | futures that run side by side in one task                   | yes      |
//! | `few`      | a few of them, all polled with the task's own waker       | yes      |
//! | `link`     | one value from one task to another, and a word back         | yes      |
//! | `pool`     | room for futures of any type, without a box for each        | yes      |
//! | `ready`    | which of many children were woken                           | yes      |
//! | `share`    | many who hold an `Arc` together, for they are counted anyway | yes      |
//! | `seldom`   | what is seldom there, and so is dropped out of line         | yes      |
//! | `seats`    | room for a few futures inside of another                    | yes      |
//! | `start`    | a child that says that it has started                       | no       |

#[cfg(feature = "std")]
pub mod catch;
pub mod children;
pub mod few;
pub mod link;
pub mod pool;
pub mod ready;
#[cfg(feature = "hedge")]
pub mod seats;
#[cfg(feature = "decorate")]
pub mod seldom;
#[cfg(feature = "task_group")]
pub mod share;
#[cfg(feature = "scope")]
pub mod start;
