use super::*;

mod cache;
mod decorators;
mod hedge;
mod single_flight;
