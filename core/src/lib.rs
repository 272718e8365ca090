//! **Sallet, the core**: security headers and token authentication in a `no_std` crate that never allocates.
//!
//! Tokens are matched against a keyring that holds digests only, in time that depends on no secret: see [`auth`] and
//! [`secret`].
//!
//! # What it does not do
//!
//! No TLS, no sessions, no JWT, no rate limits. SHA-256 digests protect high-entropy tokens, not passwords. Clocks and
//! entropy come from the caller. Which claims are made about time, and which are not, is said in [`secret`].
#![no_std]
#![forbid(unsafe_code)]

mod cursor;
mod nonce;
mod text;

pub mod auth;
pub mod secret;

pub use cursor::{BufferTooSmall, Cursor};
pub use nonce::{NONCE_ENTROPY, NONCE_LEN, Nonce, NonceSlots};
