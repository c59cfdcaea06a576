use super::*;

mod cache;
mod hedge;
mod single_flight;
