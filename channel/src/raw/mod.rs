//! What the channels are made of.
//!
//! | file      | job                                                             | `unsafe` |
//! |-----------|-----------------------------------------------------------------|----------|
//! | `arms`    | one of several futures that are pinned together                 | yes      |
//! | `blocks`  | a queue of values in linked blocks                              | yes      |
//! | `side`    | those who wait on one side of a queue, and who is called next   | yes      |
//! | `state`   | what is behind a channel's lock: the queue, and both sides      | no       |
//! | `store`   | the one-lock core: steps of that state, and what comes after    | no       |
//! | `ends`    | waiting on a side of a store, and sending to it                 | yes      |
//! | `many`    | receiving from a store that has many receivers                  | yes      |
//! | `solo`    | receiving from a store that has one receiver                    | no       |
//! | `sink`    | a sender as a sink                                              | no       |
//! | `broadcast` | a ring of messages that many read, each for itself            | yes      |
//! | `gate`    | a number that rises, and those who wait until it has            | no       |
//! | `kept`    | a value that is kept while somebody looks at it                 | yes      |
//! | `oneshot` | where a oneshot's two ends meet                                 | yes      |

#[cfg(feature = "select")]
pub(crate) mod arms;
#[cfg(feature = "_store")]
pub(crate) mod blocks;
#[cfg(feature = "broadcast")]
pub(crate) mod broadcast;
#[cfg(feature = "_store")]
pub(crate) mod ends;
#[cfg(feature = "_gate")]
pub(crate) mod gate;
#[cfg(feature = "watch")]
pub(crate) mod kept;
#[cfg(feature = "mpmc")]
pub(crate) mod many;
#[cfg(feature = "oneshot")]
pub(crate) mod oneshot;
#[cfg(feature = "_store")]
pub(crate) mod side;
#[cfg(all(feature = "_store", feature = "sink"))]
pub(crate) mod sink;
#[cfg(feature = "mpsc")]
pub(crate) mod solo;
#[cfg(feature = "_store")]
pub(crate) mod state;
#[cfg(feature = "_store")]
pub(crate) mod store;
