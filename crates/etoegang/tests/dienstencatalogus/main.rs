//! The service catalogue: what is read of a signed file, what is refused, and which one is in force.

mod cases;
mod common;
mod round_trip;
mod schema;
