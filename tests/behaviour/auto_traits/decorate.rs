use super::*;

mod cache;
mod single_flight;
