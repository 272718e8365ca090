//! Values written from the grammars of the specifications, for Sallet and for parsers that others wrote.
//!
//! A generator knows no rule of Sallet's. What it writes is legal by the ABNF that its comment cites, and the same in
//! every run.

pub mod content_security_policy;
pub mod other_fields;
pub mod random;
pub mod structured_fields;
