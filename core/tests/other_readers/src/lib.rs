//! Generators of header values, written from the grammars of the specifications.
//!
//! They know none of Sallet's rules: every value is legal by the ABNF that the comment cites. Each run makes the same values.

pub mod content_security_policy;
pub mod other_fields;
pub mod random;
pub mod structured_fields;
