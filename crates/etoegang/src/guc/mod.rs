//! Generic use cases (generieke use cases) that are more than one interface's business.

pub mod guc9;
