use super::*;

mod single_flight;
