//! Keys in a hardware security module, which SoftHSM plays: `apt-get install softhsm2`.

mod faults;
mod keys;
mod served;
mod soft_hsm;
